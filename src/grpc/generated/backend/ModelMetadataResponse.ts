// Original file: proto/backend.proto

import type { ToolFormatMarkers as _backend_ToolFormatMarkers, ToolFormatMarkers__Output as _backend_ToolFormatMarkers__Output } from '../backend/ToolFormatMarkers.ts';

export interface ModelMetadataResponse {
  'supports_thinking'?: (boolean);
  'rendered_template'?: (string);
  'tool_format'?: (_backend_ToolFormatMarkers | null);
  'media_marker'?: (string);
}

export interface ModelMetadataResponse__Output {
  'supports_thinking': (boolean);
  'rendered_template': (string);
  'tool_format': (_backend_ToolFormatMarkers__Output | null);
  'media_marker': (string);
}

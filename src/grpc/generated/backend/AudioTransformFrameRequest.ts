// Original file: proto/backend.proto

import type { AudioTransformStreamConfig as _backend_AudioTransformStreamConfig, AudioTransformStreamConfig__Output as _backend_AudioTransformStreamConfig__Output } from '../backend/AudioTransformStreamConfig.ts';
import type { AudioTransformFrame as _backend_AudioTransformFrame, AudioTransformFrame__Output as _backend_AudioTransformFrame__Output } from '../backend/AudioTransformFrame.ts';

export interface AudioTransformFrameRequest {
  'config'?: (_backend_AudioTransformStreamConfig | null);
  'frame'?: (_backend_AudioTransformFrame | null);
  'payload'?: "config"|"frame";
}

export interface AudioTransformFrameRequest__Output {
  'config'?: (_backend_AudioTransformStreamConfig__Output | null);
  'frame'?: (_backend_AudioTransformFrame__Output | null);
  'payload'?: "config"|"frame";
}

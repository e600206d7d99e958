// Original file: proto/backend.proto

import type { VoiceAnalysis as _backend_VoiceAnalysis, VoiceAnalysis__Output as _backend_VoiceAnalysis__Output } from '../backend/VoiceAnalysis.ts';

export interface VoiceAnalyzeResponse {
  'segments'?: (_backend_VoiceAnalysis)[];
}

export interface VoiceAnalyzeResponse__Output {
  'segments': (_backend_VoiceAnalysis__Output)[];
}

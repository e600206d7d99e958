// Original file: proto/backend.proto

import type { TranscriptLiveConfig as _backend_TranscriptLiveConfig, TranscriptLiveConfig__Output as _backend_TranscriptLiveConfig__Output } from '../backend/TranscriptLiveConfig.ts';
import type { TranscriptLiveAudio as _backend_TranscriptLiveAudio, TranscriptLiveAudio__Output as _backend_TranscriptLiveAudio__Output } from '../backend/TranscriptLiveAudio.ts';

export interface TranscriptLiveRequest {
  'config'?: (_backend_TranscriptLiveConfig | null);
  'audio'?: (_backend_TranscriptLiveAudio | null);
  'payload'?: "config"|"audio";
}

export interface TranscriptLiveRequest__Output {
  'config'?: (_backend_TranscriptLiveConfig__Output | null);
  'audio'?: (_backend_TranscriptLiveAudio__Output | null);
  'payload'?: "config"|"audio";
}

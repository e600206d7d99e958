// Original file: proto/backend.proto

import type { AudioToAudioConfig as _backend_AudioToAudioConfig, AudioToAudioConfig__Output as _backend_AudioToAudioConfig__Output } from '../backend/AudioToAudioConfig.ts';
import type { AudioToAudioFrame as _backend_AudioToAudioFrame, AudioToAudioFrame__Output as _backend_AudioToAudioFrame__Output } from '../backend/AudioToAudioFrame.ts';
import type { AudioToAudioControl as _backend_AudioToAudioControl, AudioToAudioControl__Output as _backend_AudioToAudioControl__Output } from '../backend/AudioToAudioControl.ts';

export interface AudioToAudioRequest {
  'config'?: (_backend_AudioToAudioConfig | null);
  'frame'?: (_backend_AudioToAudioFrame | null);
  'control'?: (_backend_AudioToAudioControl | null);
  'payload'?: "config"|"frame"|"control";
}

export interface AudioToAudioRequest__Output {
  'config'?: (_backend_AudioToAudioConfig__Output | null);
  'frame'?: (_backend_AudioToAudioFrame__Output | null);
  'control'?: (_backend_AudioToAudioControl__Output | null);
  'payload'?: "config"|"frame"|"control";
}

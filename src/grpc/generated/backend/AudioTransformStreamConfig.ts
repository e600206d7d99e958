// Original file: proto/backend.proto


// Original file: proto/backend.proto

export const _backend_AudioTransformStreamConfig_SampleFormat = {
  F32_LE: 'F32_LE',
  S16_LE: 'S16_LE',
} as const;

export type _backend_AudioTransformStreamConfig_SampleFormat =
  | 'F32_LE'
  | 0
  | 'S16_LE'
  | 1

export type _backend_AudioTransformStreamConfig_SampleFormat__Output = typeof _backend_AudioTransformStreamConfig_SampleFormat[keyof typeof _backend_AudioTransformStreamConfig_SampleFormat]

export interface AudioTransformStreamConfig {
  'sample_format'?: (_backend_AudioTransformStreamConfig_SampleFormat);
  'sample_rate'?: (number);
  'frame_samples'?: (number);
  'params'?: ({[key: string]: string});
  'reset'?: (boolean);
}

export interface AudioTransformStreamConfig__Output {
  'sample_format': (_backend_AudioTransformStreamConfig_SampleFormat__Output);
  'sample_rate': (number);
  'frame_samples': (number);
  'params': ({[key: string]: string});
  'reset': (boolean);
}

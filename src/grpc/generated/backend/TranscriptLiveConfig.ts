// Original file: proto/backend.proto


export interface TranscriptLiveConfig {
  'language'?: (string);
  'sample_rate'?: (number);
  'params'?: ({[key: string]: string});
}

export interface TranscriptLiveConfig__Output {
  'language': (string);
  'sample_rate': (number);
  'params': ({[key: string]: string});
}

// Original file: proto/backend.proto


export interface SoundGenerationRequest {
  'text'?: (string);
  'model'?: (string);
  'dst'?: (string);
  'duration'?: (number | string);
  'temperature'?: (number | string);
  'sample'?: (boolean);
  'src'?: (string);
  'src_divisor'?: (number);
  'think'?: (boolean);
  'caption'?: (string);
  'lyrics'?: (string);
  'bpm'?: (number);
  'keyscale'?: (string);
  'language'?: (string);
  'timesignature'?: (string);
  'instrumental'?: (boolean);
  'ModelIdentity'?: (string);
  '_duration'?: "duration";
  '_temperature'?: "temperature";
  '_sample'?: "sample";
  '_src'?: "src";
  '_src_divisor'?: "src_divisor";
  '_think'?: "think";
  '_caption'?: "caption";
  '_lyrics'?: "lyrics";
  '_bpm'?: "bpm";
  '_keyscale'?: "keyscale";
  '_language'?: "language";
  '_timesignature'?: "timesignature";
  '_instrumental'?: "instrumental";
}

export interface SoundGenerationRequest__Output {
  'text': (string);
  'model': (string);
  'dst': (string);
  'duration'?: (number);
  'temperature'?: (number);
  'sample'?: (boolean);
  'src'?: (string);
  'src_divisor'?: (number);
  'think'?: (boolean);
  'caption'?: (string);
  'lyrics'?: (string);
  'bpm'?: (number);
  'keyscale'?: (string);
  'language'?: (string);
  'timesignature'?: (string);
  'instrumental'?: (boolean);
  'ModelIdentity': (string);
  '_duration'?: "duration";
  '_temperature'?: "temperature";
  '_sample'?: "sample";
  '_src'?: "src";
  '_src_divisor'?: "src_divisor";
  '_think'?: "think";
  '_caption'?: "caption";
  '_lyrics'?: "lyrics";
  '_bpm'?: "bpm";
  '_keyscale'?: "keyscale";
  '_language'?: "language";
  '_timesignature'?: "timesignature";
  '_instrumental'?: "instrumental";
}

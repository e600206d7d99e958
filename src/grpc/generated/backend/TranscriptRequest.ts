// Original file: proto/backend.proto


export interface TranscriptRequest {
  'dst'?: (string);
  'language'?: (string);
  'threads'?: (number);
  'translate'?: (boolean);
  'diarize'?: (boolean);
  'prompt'?: (string);
  'temperature'?: (number | string);
  'timestamp_granularities'?: (string)[];
  'stream'?: (boolean);
  'ModelIdentity'?: (string);
}

export interface TranscriptRequest__Output {
  'dst': (string);
  'language': (string);
  'threads': (number);
  'translate': (boolean);
  'diarize': (boolean);
  'prompt': (string);
  'temperature': (number);
  'timestamp_granularities': (string)[];
  'stream': (boolean);
  'ModelIdentity': (string);
}

// Original file: proto/backend.proto


export interface DiarizeRequest {
  'dst'?: (string);
  'threads'?: (number);
  'language'?: (string);
  'num_speakers'?: (number);
  'min_speakers'?: (number);
  'max_speakers'?: (number);
  'clustering_threshold'?: (number | string);
  'min_duration_on'?: (number | string);
  'min_duration_off'?: (number | string);
  'include_text'?: (boolean);
  'ModelIdentity'?: (string);
}

export interface DiarizeRequest__Output {
  'dst': (string);
  'threads': (number);
  'language': (string);
  'num_speakers': (number);
  'min_speakers': (number);
  'max_speakers': (number);
  'clustering_threshold': (number);
  'min_duration_on': (number);
  'min_duration_off': (number);
  'include_text': (boolean);
  'ModelIdentity': (string);
}

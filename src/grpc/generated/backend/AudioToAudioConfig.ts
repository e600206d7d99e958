// Original file: proto/backend.proto


export interface AudioToAudioConfig {
  'input_sample_rate'?: (number);
  'output_sample_rate'?: (number);
  'system_prompt'?: (string);
  'voice'?: (string);
  'tools'?: (string);
  'params'?: ({[key: string]: string});
  'reset'?: (boolean);
}

export interface AudioToAudioConfig__Output {
  'input_sample_rate': (number);
  'output_sample_rate': (number);
  'system_prompt': (string);
  'voice': (string);
  'tools': (string);
  'params': ({[key: string]: string});
  'reset': (boolean);
}

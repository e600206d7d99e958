// Original file: proto/backend.proto


export interface GrammarTrigger {
  'word'?: (string);
}

export interface GrammarTrigger__Output {
  'word': (string);
}

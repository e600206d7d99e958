// Original file: proto/backend.proto


export interface VoiceAnalysis {
  'start'?: (number | string);
  'end'?: (number | string);
  'age'?: (number | string);
  'dominant_gender'?: (string);
  'gender'?: ({[key: string]: number | string});
  'dominant_emotion'?: (string);
  'emotion'?: ({[key: string]: number | string});
}

export interface VoiceAnalysis__Output {
  'start': (number);
  'end': (number);
  'age': (number);
  'dominant_gender': (string);
  'gender': ({[key: string]: number});
  'dominant_emotion': (string);
  'emotion': ({[key: string]: number});
}

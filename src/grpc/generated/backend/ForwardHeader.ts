// Original file: proto/backend.proto


export interface ForwardHeader {
  'name'?: (string);
  'value'?: (string);
}

export interface ForwardHeader__Output {
  'name': (string);
  'value': (string);
}

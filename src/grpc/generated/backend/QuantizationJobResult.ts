// Original file: proto/backend.proto


export interface QuantizationJobResult {
  'job_id'?: (string);
  'success'?: (boolean);
  'message'?: (string);
}

export interface QuantizationJobResult__Output {
  'job_id': (string);
  'success': (boolean);
  'message': (string);
}

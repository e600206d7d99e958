// Original file: proto/backend.proto


export interface FineTuneJobResult {
  'job_id'?: (string);
  'success'?: (boolean);
  'message'?: (string);
}

export interface FineTuneJobResult__Output {
  'job_id': (string);
  'success': (boolean);
  'message': (string);
}

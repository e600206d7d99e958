// Original file: proto/backend.proto


export interface FineTuneProgressRequest {
  'job_id'?: (string);
}

export interface FineTuneProgressRequest__Output {
  'job_id': (string);
}

// Original file: proto/backend.proto


export interface FineTuneStopRequest {
  'job_id'?: (string);
  'save_checkpoint'?: (boolean);
}

export interface FineTuneStopRequest__Output {
  'job_id': (string);
  'save_checkpoint': (boolean);
}

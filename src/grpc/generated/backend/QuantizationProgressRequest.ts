// Original file: proto/backend.proto


export interface QuantizationProgressRequest {
  'job_id'?: (string);
}

export interface QuantizationProgressRequest__Output {
  'job_id': (string);
}

// Original file: proto/backend.proto


export interface QuantizationStopRequest {
  'job_id'?: (string);
}

export interface QuantizationStopRequest__Output {
  'job_id': (string);
}

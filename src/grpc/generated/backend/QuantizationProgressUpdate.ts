// Original file: proto/backend.proto


export interface QuantizationProgressUpdate {
  'job_id'?: (string);
  'progress_percent'?: (number | string);
  'status'?: (string);
  'message'?: (string);
  'output_file'?: (string);
  'extra_metrics'?: ({[key: string]: number | string});
}

export interface QuantizationProgressUpdate__Output {
  'job_id': (string);
  'progress_percent': (number);
  'status': (string);
  'message': (string);
  'output_file': (string);
  'extra_metrics': ({[key: string]: number});
}

// Original file: proto/backend.proto


export interface QuantizationRequest {
  'model'?: (string);
  'quantization_type'?: (string);
  'output_dir'?: (string);
  'job_id'?: (string);
  'extra_options'?: ({[key: string]: string});
}

export interface QuantizationRequest__Output {
  'model': (string);
  'quantization_type': (string);
  'output_dir': (string);
  'job_id': (string);
  'extra_options': ({[key: string]: string});
}

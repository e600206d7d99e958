// Original file: proto/backend.proto


export interface ExportModelRequest {
  'checkpoint_path'?: (string);
  'output_path'?: (string);
  'export_format'?: (string);
  'quantization_method'?: (string);
  'model'?: (string);
  'extra_options'?: ({[key: string]: string});
}

export interface ExportModelRequest__Output {
  'checkpoint_path': (string);
  'output_path': (string);
  'export_format': (string);
  'quantization_method': (string);
  'model': (string);
  'extra_options': ({[key: string]: string});
}

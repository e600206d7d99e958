// Original file: proto/backend.proto


export interface ToolFormatMarkers {
  'format_type'?: (string);
  'section_start'?: (string);
  'section_end'?: (string);
  'per_call_start'?: (string);
  'per_call_end'?: (string);
  'func_name_prefix'?: (string);
  'func_name_suffix'?: (string);
  'func_close'?: (string);
  'arg_name_prefix'?: (string);
  'arg_name_suffix'?: (string);
  'arg_value_prefix'?: (string);
  'arg_value_suffix'?: (string);
  'arg_separator'?: (string);
  'name_field'?: (string);
  'args_field'?: (string);
  'id_field'?: (string);
  'fun_name_is_key'?: (boolean);
  'tools_array_wrapped'?: (boolean);
  'uses_python_dicts'?: (boolean);
  'reasoning_start'?: (string);
  'reasoning_end'?: (string);
  'content_start'?: (string);
  'content_end'?: (string);
  'args_start'?: (string);
  'args_end'?: (string);
  'function_field'?: (string);
  'parameter_order'?: (string)[];
  'gen_id_field'?: (string);
  'call_id_position'?: (string);
  'call_id_prefix'?: (string);
  'call_id_suffix'?: (string);
}

export interface ToolFormatMarkers__Output {
  'format_type': (string);
  'section_start': (string);
  'section_end': (string);
  'per_call_start': (string);
  'per_call_end': (string);
  'func_name_prefix': (string);
  'func_name_suffix': (string);
  'func_close': (string);
  'arg_name_prefix': (string);
  'arg_name_suffix': (string);
  'arg_value_prefix': (string);
  'arg_value_suffix': (string);
  'arg_separator': (string);
  'name_field': (string);
  'args_field': (string);
  'id_field': (string);
  'fun_name_is_key': (boolean);
  'tools_array_wrapped': (boolean);
  'uses_python_dicts': (boolean);
  'reasoning_start': (string);
  'reasoning_end': (string);
  'content_start': (string);
  'content_end': (string);
  'args_start': (string);
  'args_end': (string);
  'function_field': (string);
  'parameter_order': (string)[];
  'gen_id_field': (string);
  'call_id_position': (string);
  'call_id_prefix': (string);
  'call_id_suffix': (string);
}

// Original file: proto/backend.proto


export interface ProxyOptions {
  'upstream_url'?: (string);
  'mode'?: (string);
  'provider'?: (string);
  'api_key_env'?: (string);
  'api_key_file'?: (string);
  'upstream_model'?: (string);
  'request_timeout_seconds'?: (number);
  'cache_prompt'?: (boolean);
}

export interface ProxyOptions__Output {
  'upstream_url': (string);
  'mode': (string);
  'provider': (string);
  'api_key_env': (string);
  'api_key_file': (string);
  'upstream_model': (string);
  'request_timeout_seconds': (number);
  'cache_prompt': (boolean);
}

// Original file: proto/backend.proto


export interface MetricsResponse {
  'slot_id'?: (number);
  'prompt_json_for_slot'?: (string);
  'tokens_per_second'?: (number | string);
  'tokens_generated'?: (number);
  'prompt_tokens_processed'?: (number);
}

export interface MetricsResponse__Output {
  'slot_id': (number);
  'prompt_json_for_slot': (string);
  'tokens_per_second': (number);
  'tokens_generated': (number);
  'prompt_tokens_processed': (number);
}

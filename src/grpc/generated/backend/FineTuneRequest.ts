// Original file: proto/backend.proto


export interface FineTuneRequest {
  'model'?: (string);
  'training_type'?: (string);
  'training_method'?: (string);
  'adapter_rank'?: (number);
  'adapter_alpha'?: (number);
  'adapter_dropout'?: (number | string);
  'target_modules'?: (string)[];
  'learning_rate'?: (number | string);
  'num_epochs'?: (number);
  'batch_size'?: (number);
  'gradient_accumulation_steps'?: (number);
  'warmup_steps'?: (number);
  'max_steps'?: (number);
  'save_steps'?: (number);
  'weight_decay'?: (number | string);
  'gradient_checkpointing'?: (boolean);
  'optimizer'?: (string);
  'seed'?: (number);
  'mixed_precision'?: (string);
  'dataset_source'?: (string);
  'dataset_split'?: (string);
  'output_dir'?: (string);
  'job_id'?: (string);
  'resume_from_checkpoint'?: (string);
  'extra_options'?: ({[key: string]: string});
}

export interface FineTuneRequest__Output {
  'model': (string);
  'training_type': (string);
  'training_method': (string);
  'adapter_rank': (number);
  'adapter_alpha': (number);
  'adapter_dropout': (number);
  'target_modules': (string)[];
  'learning_rate': (number);
  'num_epochs': (number);
  'batch_size': (number);
  'gradient_accumulation_steps': (number);
  'warmup_steps': (number);
  'max_steps': (number);
  'save_steps': (number);
  'weight_decay': (number);
  'gradient_checkpointing': (boolean);
  'optimizer': (string);
  'seed': (number);
  'mixed_precision': (string);
  'dataset_source': (string);
  'dataset_split': (string);
  'output_dir': (string);
  'job_id': (string);
  'resume_from_checkpoint': (string);
  'extra_options': ({[key: string]: string});
}

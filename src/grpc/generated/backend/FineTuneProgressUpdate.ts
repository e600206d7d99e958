// Original file: proto/backend.proto


export interface FineTuneProgressUpdate {
  'job_id'?: (string);
  'current_step'?: (number);
  'total_steps'?: (number);
  'current_epoch'?: (number | string);
  'total_epochs'?: (number | string);
  'loss'?: (number | string);
  'learning_rate'?: (number | string);
  'grad_norm'?: (number | string);
  'eval_loss'?: (number | string);
  'eta_seconds'?: (number | string);
  'progress_percent'?: (number | string);
  'status'?: (string);
  'message'?: (string);
  'checkpoint_path'?: (string);
  'sample_path'?: (string);
  'extra_metrics'?: ({[key: string]: number | string});
}

export interface FineTuneProgressUpdate__Output {
  'job_id': (string);
  'current_step': (number);
  'total_steps': (number);
  'current_epoch': (number);
  'total_epochs': (number);
  'loss': (number);
  'learning_rate': (number);
  'grad_norm': (number);
  'eval_loss': (number);
  'eta_seconds': (number);
  'progress_percent': (number);
  'status': (string);
  'message': (string);
  'checkpoint_path': (string);
  'sample_path': (string);
  'extra_metrics': ({[key: string]: number});
}

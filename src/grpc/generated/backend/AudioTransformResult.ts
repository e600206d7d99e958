// Original file: proto/backend.proto

import type { AudioTransformStem as _backend_AudioTransformStem, AudioTransformStem__Output as _backend_AudioTransformStem__Output } from '../backend/AudioTransformStem.ts';

export interface AudioTransformResult {
  'dst'?: (string);
  'sample_rate'?: (number);
  'samples'?: (number);
  'reference_provided'?: (boolean);
  'stems'?: (_backend_AudioTransformStem)[];
}

export interface AudioTransformResult__Output {
  'dst': (string);
  'sample_rate': (number);
  'samples': (number);
  'reference_provided': (boolean);
  'stems': (_backend_AudioTransformStem__Output)[];
}

// Original file: proto/backend.proto


export interface DepthRequest {
  'src'?: (string);
  'dst'?: (string);
  'include_depth'?: (boolean);
  'include_confidence'?: (boolean);
  'include_pose'?: (boolean);
  'include_sky'?: (boolean);
  'include_points'?: (boolean);
  'points_conf_thresh'?: (number | string);
  'exports'?: (string)[];
  'ModelIdentity'?: (string);
}

export interface DepthRequest__Output {
  'src': (string);
  'dst': (string);
  'include_depth': (boolean);
  'include_confidence': (boolean);
  'include_pose': (boolean);
  'include_sky': (boolean);
  'include_points': (boolean);
  'points_conf_thresh': (number);
  'exports': (string)[];
  'ModelIdentity': (string);
}

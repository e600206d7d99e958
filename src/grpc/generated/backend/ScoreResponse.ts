// Original file: proto/backend.proto

import type { CandidateScore as _backend_CandidateScore, CandidateScore__Output as _backend_CandidateScore__Output } from '../backend/CandidateScore.ts';

export interface ScoreResponse {
  'candidates'?: (_backend_CandidateScore)[];
}

export interface ScoreResponse__Output {
  'candidates': (_backend_CandidateScore__Output)[];
}

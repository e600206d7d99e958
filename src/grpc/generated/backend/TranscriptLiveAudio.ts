// Original file: proto/backend.proto


export interface TranscriptLiveAudio {
  'pcm'?: (number | string)[];
}

export interface TranscriptLiveAudio__Output {
  'pcm': (number)[];
}

// Original file: proto/backend.proto


export interface MetricsRequest {
}

export interface MetricsRequest__Output {
}

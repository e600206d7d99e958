// Original file: proto/backend.proto

import type * as grpc from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AudioDecodeRequest as _backend_AudioDecodeRequest, AudioDecodeRequest__Output as _backend_AudioDecodeRequest__Output } from '../backend/AudioDecodeRequest.ts';
import type { AudioDecodeResult as _backend_AudioDecodeResult, AudioDecodeResult__Output as _backend_AudioDecodeResult__Output } from '../backend/AudioDecodeResult.ts';
import type { AudioEncodeRequest as _backend_AudioEncodeRequest, AudioEncodeRequest__Output as _backend_AudioEncodeRequest__Output } from '../backend/AudioEncodeRequest.ts';
import type { AudioEncodeResult as _backend_AudioEncodeResult, AudioEncodeResult__Output as _backend_AudioEncodeResult__Output } from '../backend/AudioEncodeResult.ts';
import type { AudioToAudioRequest as _backend_AudioToAudioRequest, AudioToAudioRequest__Output as _backend_AudioToAudioRequest__Output } from '../backend/AudioToAudioRequest.ts';
import type { AudioToAudioResponse as _backend_AudioToAudioResponse, AudioToAudioResponse__Output as _backend_AudioToAudioResponse__Output } from '../backend/AudioToAudioResponse.ts';
import type { AudioTransformFrameRequest as _backend_AudioTransformFrameRequest, AudioTransformFrameRequest__Output as _backend_AudioTransformFrameRequest__Output } from '../backend/AudioTransformFrameRequest.ts';
import type { AudioTransformFrameResponse as _backend_AudioTransformFrameResponse, AudioTransformFrameResponse__Output as _backend_AudioTransformFrameResponse__Output } from '../backend/AudioTransformFrameResponse.ts';
import type { AudioTransformRequest as _backend_AudioTransformRequest, AudioTransformRequest__Output as _backend_AudioTransformRequest__Output } from '../backend/AudioTransformRequest.ts';
import type { AudioTransformResult as _backend_AudioTransformResult, AudioTransformResult__Output as _backend_AudioTransformResult__Output } from '../backend/AudioTransformResult.ts';
import type { DepthRequest as _backend_DepthRequest, DepthRequest__Output as _backend_DepthRequest__Output } from '../backend/DepthRequest.ts';
import type { DepthResponse as _backend_DepthResponse, DepthResponse__Output as _backend_DepthResponse__Output } from '../backend/DepthResponse.ts';
import type { DetectOptions as _backend_DetectOptions, DetectOptions__Output as _backend_DetectOptions__Output } from '../backend/DetectOptions.ts';
import type { DetectResponse as _backend_DetectResponse, DetectResponse__Output as _backend_DetectResponse__Output } from '../backend/DetectResponse.ts';
import type { DetokenizeRequest as _backend_DetokenizeRequest, DetokenizeRequest__Output as _backend_DetokenizeRequest__Output } from '../backend/DetokenizeRequest.ts';
import type { DetokenizeResponse as _backend_DetokenizeResponse, DetokenizeResponse__Output as _backend_DetokenizeResponse__Output } from '../backend/DetokenizeResponse.ts';
import type { DiarizeRequest as _backend_DiarizeRequest, DiarizeRequest__Output as _backend_DiarizeRequest__Output } from '../backend/DiarizeRequest.ts';
import type { DiarizeResponse as _backend_DiarizeResponse, DiarizeResponse__Output as _backend_DiarizeResponse__Output } from '../backend/DiarizeResponse.ts';
import type { EmbeddingResult as _backend_EmbeddingResult, EmbeddingResult__Output as _backend_EmbeddingResult__Output } from '../backend/EmbeddingResult.ts';
import type { ExportModelRequest as _backend_ExportModelRequest, ExportModelRequest__Output as _backend_ExportModelRequest__Output } from '../backend/ExportModelRequest.ts';
import type { FaceAnalyzeRequest as _backend_FaceAnalyzeRequest, FaceAnalyzeRequest__Output as _backend_FaceAnalyzeRequest__Output } from '../backend/FaceAnalyzeRequest.ts';
import type { FaceAnalyzeResponse as _backend_FaceAnalyzeResponse, FaceAnalyzeResponse__Output as _backend_FaceAnalyzeResponse__Output } from '../backend/FaceAnalyzeResponse.ts';
import type { FaceVerifyRequest as _backend_FaceVerifyRequest, FaceVerifyRequest__Output as _backend_FaceVerifyRequest__Output } from '../backend/FaceVerifyRequest.ts';
import type { FaceVerifyResponse as _backend_FaceVerifyResponse, FaceVerifyResponse__Output as _backend_FaceVerifyResponse__Output } from '../backend/FaceVerifyResponse.ts';
import type { FineTuneJobResult as _backend_FineTuneJobResult, FineTuneJobResult__Output as _backend_FineTuneJobResult__Output } from '../backend/FineTuneJobResult.ts';
import type { FineTuneProgressRequest as _backend_FineTuneProgressRequest, FineTuneProgressRequest__Output as _backend_FineTuneProgressRequest__Output } from '../backend/FineTuneProgressRequest.ts';
import type { FineTuneProgressUpdate as _backend_FineTuneProgressUpdate, FineTuneProgressUpdate__Output as _backend_FineTuneProgressUpdate__Output } from '../backend/FineTuneProgressUpdate.ts';
import type { FineTuneRequest as _backend_FineTuneRequest, FineTuneRequest__Output as _backend_FineTuneRequest__Output } from '../backend/FineTuneRequest.ts';
import type { FineTuneStopRequest as _backend_FineTuneStopRequest, FineTuneStopRequest__Output as _backend_FineTuneStopRequest__Output } from '../backend/FineTuneStopRequest.ts';
import type { ForwardReply as _backend_ForwardReply, ForwardReply__Output as _backend_ForwardReply__Output } from '../backend/ForwardReply.ts';
import type { ForwardRequest as _backend_ForwardRequest, ForwardRequest__Output as _backend_ForwardRequest__Output } from '../backend/ForwardRequest.ts';
import type { Generate3DRequest as _backend_Generate3DRequest, Generate3DRequest__Output as _backend_Generate3DRequest__Output } from '../backend/Generate3DRequest.ts';
import type { GenerateImageRequest as _backend_GenerateImageRequest, GenerateImageRequest__Output as _backend_GenerateImageRequest__Output } from '../backend/GenerateImageRequest.ts';
import type { GenerateVideoRequest as _backend_GenerateVideoRequest, GenerateVideoRequest__Output as _backend_GenerateVideoRequest__Output } from '../backend/GenerateVideoRequest.ts';
import type { HealthMessage as _backend_HealthMessage, HealthMessage__Output as _backend_HealthMessage__Output } from '../backend/HealthMessage.ts';
import type { ListCheckpointsRequest as _backend_ListCheckpointsRequest, ListCheckpointsRequest__Output as _backend_ListCheckpointsRequest__Output } from '../backend/ListCheckpointsRequest.ts';
import type { ListCheckpointsResponse as _backend_ListCheckpointsResponse, ListCheckpointsResponse__Output as _backend_ListCheckpointsResponse__Output } from '../backend/ListCheckpointsResponse.ts';
import type { MetricsRequest as _backend_MetricsRequest, MetricsRequest__Output as _backend_MetricsRequest__Output } from '../backend/MetricsRequest.ts';
import type { MetricsResponse as _backend_MetricsResponse, MetricsResponse__Output as _backend_MetricsResponse__Output } from '../backend/MetricsResponse.ts';
import type { ModelMetadataResponse as _backend_ModelMetadataResponse, ModelMetadataResponse__Output as _backend_ModelMetadataResponse__Output } from '../backend/ModelMetadataResponse.ts';
import type { ModelOptions as _backend_ModelOptions, ModelOptions__Output as _backend_ModelOptions__Output } from '../backend/ModelOptions.ts';
import type { PredictOptions as _backend_PredictOptions, PredictOptions__Output as _backend_PredictOptions__Output } from '../backend/PredictOptions.ts';
import type { QuantizationJobResult as _backend_QuantizationJobResult, QuantizationJobResult__Output as _backend_QuantizationJobResult__Output } from '../backend/QuantizationJobResult.ts';
import type { QuantizationProgressRequest as _backend_QuantizationProgressRequest, QuantizationProgressRequest__Output as _backend_QuantizationProgressRequest__Output } from '../backend/QuantizationProgressRequest.ts';
import type { QuantizationProgressUpdate as _backend_QuantizationProgressUpdate, QuantizationProgressUpdate__Output as _backend_QuantizationProgressUpdate__Output } from '../backend/QuantizationProgressUpdate.ts';
import type { QuantizationRequest as _backend_QuantizationRequest, QuantizationRequest__Output as _backend_QuantizationRequest__Output } from '../backend/QuantizationRequest.ts';
import type { QuantizationStopRequest as _backend_QuantizationStopRequest, QuantizationStopRequest__Output as _backend_QuantizationStopRequest__Output } from '../backend/QuantizationStopRequest.ts';
import type { Reply as _backend_Reply, Reply__Output as _backend_Reply__Output } from '../backend/Reply.ts';
import type { RerankRequest as _backend_RerankRequest, RerankRequest__Output as _backend_RerankRequest__Output } from '../backend/RerankRequest.ts';
import type { RerankResult as _backend_RerankResult, RerankResult__Output as _backend_RerankResult__Output } from '../backend/RerankResult.ts';
import type { Result as _backend_Result, Result__Output as _backend_Result__Output } from '../backend/Result.ts';
import type { ScoreRequest as _backend_ScoreRequest, ScoreRequest__Output as _backend_ScoreRequest__Output } from '../backend/ScoreRequest.ts';
import type { ScoreResponse as _backend_ScoreResponse, ScoreResponse__Output as _backend_ScoreResponse__Output } from '../backend/ScoreResponse.ts';
import type { SoundDetectionRequest as _backend_SoundDetectionRequest, SoundDetectionRequest__Output as _backend_SoundDetectionRequest__Output } from '../backend/SoundDetectionRequest.ts';
import type { SoundDetectionResponse as _backend_SoundDetectionResponse, SoundDetectionResponse__Output as _backend_SoundDetectionResponse__Output } from '../backend/SoundDetectionResponse.ts';
import type { SoundGenerationRequest as _backend_SoundGenerationRequest, SoundGenerationRequest__Output as _backend_SoundGenerationRequest__Output } from '../backend/SoundGenerationRequest.ts';
import type { StatusResponse as _backend_StatusResponse, StatusResponse__Output as _backend_StatusResponse__Output } from '../backend/StatusResponse.ts';
import type { StoresDeleteOptions as _backend_StoresDeleteOptions, StoresDeleteOptions__Output as _backend_StoresDeleteOptions__Output } from '../backend/StoresDeleteOptions.ts';
import type { StoresFindOptions as _backend_StoresFindOptions, StoresFindOptions__Output as _backend_StoresFindOptions__Output } from '../backend/StoresFindOptions.ts';
import type { StoresFindResult as _backend_StoresFindResult, StoresFindResult__Output as _backend_StoresFindResult__Output } from '../backend/StoresFindResult.ts';
import type { StoresGetOptions as _backend_StoresGetOptions, StoresGetOptions__Output as _backend_StoresGetOptions__Output } from '../backend/StoresGetOptions.ts';
import type { StoresGetResult as _backend_StoresGetResult, StoresGetResult__Output as _backend_StoresGetResult__Output } from '../backend/StoresGetResult.ts';
import type { StoresSetOptions as _backend_StoresSetOptions, StoresSetOptions__Output as _backend_StoresSetOptions__Output } from '../backend/StoresSetOptions.ts';
import type { TTSRequest as _backend_TTSRequest, TTSRequest__Output as _backend_TTSRequest__Output } from '../backend/TTSRequest.ts';
import type { TokenClassifyRequest as _backend_TokenClassifyRequest, TokenClassifyRequest__Output as _backend_TokenClassifyRequest__Output } from '../backend/TokenClassifyRequest.ts';
import type { TokenClassifyResponse as _backend_TokenClassifyResponse, TokenClassifyResponse__Output as _backend_TokenClassifyResponse__Output } from '../backend/TokenClassifyResponse.ts';
import type { TokenizationResponse as _backend_TokenizationResponse, TokenizationResponse__Output as _backend_TokenizationResponse__Output } from '../backend/TokenizationResponse.ts';
import type { TranscriptLiveRequest as _backend_TranscriptLiveRequest, TranscriptLiveRequest__Output as _backend_TranscriptLiveRequest__Output } from '../backend/TranscriptLiveRequest.ts';
import type { TranscriptLiveResponse as _backend_TranscriptLiveResponse, TranscriptLiveResponse__Output as _backend_TranscriptLiveResponse__Output } from '../backend/TranscriptLiveResponse.ts';
import type { TranscriptRequest as _backend_TranscriptRequest, TranscriptRequest__Output as _backend_TranscriptRequest__Output } from '../backend/TranscriptRequest.ts';
import type { TranscriptResult as _backend_TranscriptResult, TranscriptResult__Output as _backend_TranscriptResult__Output } from '../backend/TranscriptResult.ts';
import type { TranscriptStreamResponse as _backend_TranscriptStreamResponse, TranscriptStreamResponse__Output as _backend_TranscriptStreamResponse__Output } from '../backend/TranscriptStreamResponse.ts';
import type { UpscaleImageRequest as _backend_UpscaleImageRequest, UpscaleImageRequest__Output as _backend_UpscaleImageRequest__Output } from '../backend/UpscaleImageRequest.ts';
import type { VADRequest as _backend_VADRequest, VADRequest__Output as _backend_VADRequest__Output } from '../backend/VADRequest.ts';
import type { VADResponse as _backend_VADResponse, VADResponse__Output as _backend_VADResponse__Output } from '../backend/VADResponse.ts';
import type { VoiceAnalyzeRequest as _backend_VoiceAnalyzeRequest, VoiceAnalyzeRequest__Output as _backend_VoiceAnalyzeRequest__Output } from '../backend/VoiceAnalyzeRequest.ts';
import type { VoiceAnalyzeResponse as _backend_VoiceAnalyzeResponse, VoiceAnalyzeResponse__Output as _backend_VoiceAnalyzeResponse__Output } from '../backend/VoiceAnalyzeResponse.ts';
import type { VoiceEmbedRequest as _backend_VoiceEmbedRequest, VoiceEmbedRequest__Output as _backend_VoiceEmbedRequest__Output } from '../backend/VoiceEmbedRequest.ts';
import type { VoiceEmbedResponse as _backend_VoiceEmbedResponse, VoiceEmbedResponse__Output as _backend_VoiceEmbedResponse__Output } from '../backend/VoiceEmbedResponse.ts';
import type { VoiceVerifyRequest as _backend_VoiceVerifyRequest, VoiceVerifyRequest__Output as _backend_VoiceVerifyRequest__Output } from '../backend/VoiceVerifyRequest.ts';
import type { VoiceVerifyResponse as _backend_VoiceVerifyResponse, VoiceVerifyResponse__Output as _backend_VoiceVerifyResponse__Output } from '../backend/VoiceVerifyResponse.ts';

export interface BackendClient extends grpc.Client {
  AudioDecode(argument: _backend_AudioDecodeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioDecodeResult__Output>): grpc.ClientUnaryCall;
  AudioDecode(argument: _backend_AudioDecodeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_AudioDecodeResult__Output>): grpc.ClientUnaryCall;
  AudioDecode(argument: _backend_AudioDecodeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioDecodeResult__Output>): grpc.ClientUnaryCall;
  AudioDecode(argument: _backend_AudioDecodeRequest, callback: grpc.requestCallback<_backend_AudioDecodeResult__Output>): grpc.ClientUnaryCall;
  audioDecode(argument: _backend_AudioDecodeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioDecodeResult__Output>): grpc.ClientUnaryCall;
  audioDecode(argument: _backend_AudioDecodeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_AudioDecodeResult__Output>): grpc.ClientUnaryCall;
  audioDecode(argument: _backend_AudioDecodeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioDecodeResult__Output>): grpc.ClientUnaryCall;
  audioDecode(argument: _backend_AudioDecodeRequest, callback: grpc.requestCallback<_backend_AudioDecodeResult__Output>): grpc.ClientUnaryCall;
  
  AudioEncode(argument: _backend_AudioEncodeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioEncodeResult__Output>): grpc.ClientUnaryCall;
  AudioEncode(argument: _backend_AudioEncodeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_AudioEncodeResult__Output>): grpc.ClientUnaryCall;
  AudioEncode(argument: _backend_AudioEncodeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioEncodeResult__Output>): grpc.ClientUnaryCall;
  AudioEncode(argument: _backend_AudioEncodeRequest, callback: grpc.requestCallback<_backend_AudioEncodeResult__Output>): grpc.ClientUnaryCall;
  audioEncode(argument: _backend_AudioEncodeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioEncodeResult__Output>): grpc.ClientUnaryCall;
  audioEncode(argument: _backend_AudioEncodeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_AudioEncodeResult__Output>): grpc.ClientUnaryCall;
  audioEncode(argument: _backend_AudioEncodeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioEncodeResult__Output>): grpc.ClientUnaryCall;
  audioEncode(argument: _backend_AudioEncodeRequest, callback: grpc.requestCallback<_backend_AudioEncodeResult__Output>): grpc.ClientUnaryCall;
  
  AudioToAudioStream(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_AudioToAudioRequest, _backend_AudioToAudioResponse__Output>;
  AudioToAudioStream(options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_AudioToAudioRequest, _backend_AudioToAudioResponse__Output>;
  audioToAudioStream(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_AudioToAudioRequest, _backend_AudioToAudioResponse__Output>;
  audioToAudioStream(options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_AudioToAudioRequest, _backend_AudioToAudioResponse__Output>;
  
  AudioTranscription(argument: _backend_TranscriptRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TranscriptResult__Output>): grpc.ClientUnaryCall;
  AudioTranscription(argument: _backend_TranscriptRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_TranscriptResult__Output>): grpc.ClientUnaryCall;
  AudioTranscription(argument: _backend_TranscriptRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TranscriptResult__Output>): grpc.ClientUnaryCall;
  AudioTranscription(argument: _backend_TranscriptRequest, callback: grpc.requestCallback<_backend_TranscriptResult__Output>): grpc.ClientUnaryCall;
  audioTranscription(argument: _backend_TranscriptRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TranscriptResult__Output>): grpc.ClientUnaryCall;
  audioTranscription(argument: _backend_TranscriptRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_TranscriptResult__Output>): grpc.ClientUnaryCall;
  audioTranscription(argument: _backend_TranscriptRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TranscriptResult__Output>): grpc.ClientUnaryCall;
  audioTranscription(argument: _backend_TranscriptRequest, callback: grpc.requestCallback<_backend_TranscriptResult__Output>): grpc.ClientUnaryCall;
  
  AudioTranscriptionLive(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_TranscriptLiveRequest, _backend_TranscriptLiveResponse__Output>;
  AudioTranscriptionLive(options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_TranscriptLiveRequest, _backend_TranscriptLiveResponse__Output>;
  audioTranscriptionLive(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_TranscriptLiveRequest, _backend_TranscriptLiveResponse__Output>;
  audioTranscriptionLive(options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_TranscriptLiveRequest, _backend_TranscriptLiveResponse__Output>;
  
  AudioTranscriptionStream(argument: _backend_TranscriptRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_TranscriptStreamResponse__Output>;
  AudioTranscriptionStream(argument: _backend_TranscriptRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_TranscriptStreamResponse__Output>;
  audioTranscriptionStream(argument: _backend_TranscriptRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_TranscriptStreamResponse__Output>;
  audioTranscriptionStream(argument: _backend_TranscriptRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_TranscriptStreamResponse__Output>;
  
  AudioTransform(argument: _backend_AudioTransformRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioTransformResult__Output>): grpc.ClientUnaryCall;
  AudioTransform(argument: _backend_AudioTransformRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_AudioTransformResult__Output>): grpc.ClientUnaryCall;
  AudioTransform(argument: _backend_AudioTransformRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioTransformResult__Output>): grpc.ClientUnaryCall;
  AudioTransform(argument: _backend_AudioTransformRequest, callback: grpc.requestCallback<_backend_AudioTransformResult__Output>): grpc.ClientUnaryCall;
  audioTransform(argument: _backend_AudioTransformRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioTransformResult__Output>): grpc.ClientUnaryCall;
  audioTransform(argument: _backend_AudioTransformRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_AudioTransformResult__Output>): grpc.ClientUnaryCall;
  audioTransform(argument: _backend_AudioTransformRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_AudioTransformResult__Output>): grpc.ClientUnaryCall;
  audioTransform(argument: _backend_AudioTransformRequest, callback: grpc.requestCallback<_backend_AudioTransformResult__Output>): grpc.ClientUnaryCall;
  
  AudioTransformStream(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_AudioTransformFrameRequest, _backend_AudioTransformFrameResponse__Output>;
  AudioTransformStream(options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_AudioTransformFrameRequest, _backend_AudioTransformFrameResponse__Output>;
  audioTransformStream(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_AudioTransformFrameRequest, _backend_AudioTransformFrameResponse__Output>;
  audioTransformStream(options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_AudioTransformFrameRequest, _backend_AudioTransformFrameResponse__Output>;
  
  Depth(argument: _backend_DepthRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DepthResponse__Output>): grpc.ClientUnaryCall;
  Depth(argument: _backend_DepthRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_DepthResponse__Output>): grpc.ClientUnaryCall;
  Depth(argument: _backend_DepthRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DepthResponse__Output>): grpc.ClientUnaryCall;
  Depth(argument: _backend_DepthRequest, callback: grpc.requestCallback<_backend_DepthResponse__Output>): grpc.ClientUnaryCall;
  depth(argument: _backend_DepthRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DepthResponse__Output>): grpc.ClientUnaryCall;
  depth(argument: _backend_DepthRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_DepthResponse__Output>): grpc.ClientUnaryCall;
  depth(argument: _backend_DepthRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DepthResponse__Output>): grpc.ClientUnaryCall;
  depth(argument: _backend_DepthRequest, callback: grpc.requestCallback<_backend_DepthResponse__Output>): grpc.ClientUnaryCall;
  
  Detect(argument: _backend_DetectOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DetectResponse__Output>): grpc.ClientUnaryCall;
  Detect(argument: _backend_DetectOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_DetectResponse__Output>): grpc.ClientUnaryCall;
  Detect(argument: _backend_DetectOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DetectResponse__Output>): grpc.ClientUnaryCall;
  Detect(argument: _backend_DetectOptions, callback: grpc.requestCallback<_backend_DetectResponse__Output>): grpc.ClientUnaryCall;
  detect(argument: _backend_DetectOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DetectResponse__Output>): grpc.ClientUnaryCall;
  detect(argument: _backend_DetectOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_DetectResponse__Output>): grpc.ClientUnaryCall;
  detect(argument: _backend_DetectOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DetectResponse__Output>): grpc.ClientUnaryCall;
  detect(argument: _backend_DetectOptions, callback: grpc.requestCallback<_backend_DetectResponse__Output>): grpc.ClientUnaryCall;
  
  Detokenize(argument: _backend_DetokenizeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DetokenizeResponse__Output>): grpc.ClientUnaryCall;
  Detokenize(argument: _backend_DetokenizeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_DetokenizeResponse__Output>): grpc.ClientUnaryCall;
  Detokenize(argument: _backend_DetokenizeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DetokenizeResponse__Output>): grpc.ClientUnaryCall;
  Detokenize(argument: _backend_DetokenizeRequest, callback: grpc.requestCallback<_backend_DetokenizeResponse__Output>): grpc.ClientUnaryCall;
  detokenize(argument: _backend_DetokenizeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DetokenizeResponse__Output>): grpc.ClientUnaryCall;
  detokenize(argument: _backend_DetokenizeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_DetokenizeResponse__Output>): grpc.ClientUnaryCall;
  detokenize(argument: _backend_DetokenizeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DetokenizeResponse__Output>): grpc.ClientUnaryCall;
  detokenize(argument: _backend_DetokenizeRequest, callback: grpc.requestCallback<_backend_DetokenizeResponse__Output>): grpc.ClientUnaryCall;
  
  Diarize(argument: _backend_DiarizeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DiarizeResponse__Output>): grpc.ClientUnaryCall;
  Diarize(argument: _backend_DiarizeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_DiarizeResponse__Output>): grpc.ClientUnaryCall;
  Diarize(argument: _backend_DiarizeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DiarizeResponse__Output>): grpc.ClientUnaryCall;
  Diarize(argument: _backend_DiarizeRequest, callback: grpc.requestCallback<_backend_DiarizeResponse__Output>): grpc.ClientUnaryCall;
  diarize(argument: _backend_DiarizeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DiarizeResponse__Output>): grpc.ClientUnaryCall;
  diarize(argument: _backend_DiarizeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_DiarizeResponse__Output>): grpc.ClientUnaryCall;
  diarize(argument: _backend_DiarizeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_DiarizeResponse__Output>): grpc.ClientUnaryCall;
  diarize(argument: _backend_DiarizeRequest, callback: grpc.requestCallback<_backend_DiarizeResponse__Output>): grpc.ClientUnaryCall;
  
  Embedding(argument: _backend_PredictOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_EmbeddingResult__Output>): grpc.ClientUnaryCall;
  Embedding(argument: _backend_PredictOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_EmbeddingResult__Output>): grpc.ClientUnaryCall;
  Embedding(argument: _backend_PredictOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_EmbeddingResult__Output>): grpc.ClientUnaryCall;
  Embedding(argument: _backend_PredictOptions, callback: grpc.requestCallback<_backend_EmbeddingResult__Output>): grpc.ClientUnaryCall;
  embedding(argument: _backend_PredictOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_EmbeddingResult__Output>): grpc.ClientUnaryCall;
  embedding(argument: _backend_PredictOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_EmbeddingResult__Output>): grpc.ClientUnaryCall;
  embedding(argument: _backend_PredictOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_EmbeddingResult__Output>): grpc.ClientUnaryCall;
  embedding(argument: _backend_PredictOptions, callback: grpc.requestCallback<_backend_EmbeddingResult__Output>): grpc.ClientUnaryCall;
  
  ExportModel(argument: _backend_ExportModelRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  ExportModel(argument: _backend_ExportModelRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  ExportModel(argument: _backend_ExportModelRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  ExportModel(argument: _backend_ExportModelRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  exportModel(argument: _backend_ExportModelRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  exportModel(argument: _backend_ExportModelRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  exportModel(argument: _backend_ExportModelRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  exportModel(argument: _backend_ExportModelRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  FaceAnalyze(argument: _backend_FaceAnalyzeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FaceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  FaceAnalyze(argument: _backend_FaceAnalyzeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_FaceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  FaceAnalyze(argument: _backend_FaceAnalyzeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FaceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  FaceAnalyze(argument: _backend_FaceAnalyzeRequest, callback: grpc.requestCallback<_backend_FaceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  faceAnalyze(argument: _backend_FaceAnalyzeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FaceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  faceAnalyze(argument: _backend_FaceAnalyzeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_FaceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  faceAnalyze(argument: _backend_FaceAnalyzeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FaceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  faceAnalyze(argument: _backend_FaceAnalyzeRequest, callback: grpc.requestCallback<_backend_FaceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  
  FaceVerify(argument: _backend_FaceVerifyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FaceVerifyResponse__Output>): grpc.ClientUnaryCall;
  FaceVerify(argument: _backend_FaceVerifyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_FaceVerifyResponse__Output>): grpc.ClientUnaryCall;
  FaceVerify(argument: _backend_FaceVerifyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FaceVerifyResponse__Output>): grpc.ClientUnaryCall;
  FaceVerify(argument: _backend_FaceVerifyRequest, callback: grpc.requestCallback<_backend_FaceVerifyResponse__Output>): grpc.ClientUnaryCall;
  faceVerify(argument: _backend_FaceVerifyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FaceVerifyResponse__Output>): grpc.ClientUnaryCall;
  faceVerify(argument: _backend_FaceVerifyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_FaceVerifyResponse__Output>): grpc.ClientUnaryCall;
  faceVerify(argument: _backend_FaceVerifyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FaceVerifyResponse__Output>): grpc.ClientUnaryCall;
  faceVerify(argument: _backend_FaceVerifyRequest, callback: grpc.requestCallback<_backend_FaceVerifyResponse__Output>): grpc.ClientUnaryCall;
  
  FineTuneProgress(argument: _backend_FineTuneProgressRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_FineTuneProgressUpdate__Output>;
  FineTuneProgress(argument: _backend_FineTuneProgressRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_FineTuneProgressUpdate__Output>;
  fineTuneProgress(argument: _backend_FineTuneProgressRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_FineTuneProgressUpdate__Output>;
  fineTuneProgress(argument: _backend_FineTuneProgressRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_FineTuneProgressUpdate__Output>;
  
  Forward(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_ForwardRequest, _backend_ForwardReply__Output>;
  Forward(options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_ForwardRequest, _backend_ForwardReply__Output>;
  forward(metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_ForwardRequest, _backend_ForwardReply__Output>;
  forward(options?: grpc.CallOptions): grpc.ClientDuplexStream<_backend_ForwardRequest, _backend_ForwardReply__Output>;
  
  Free(argument: _backend_HealthMessage, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  Free(argument: _backend_HealthMessage, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  Free(argument: _backend_HealthMessage, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  Free(argument: _backend_HealthMessage, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  free(argument: _backend_HealthMessage, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  free(argument: _backend_HealthMessage, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  free(argument: _backend_HealthMessage, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  free(argument: _backend_HealthMessage, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  Generate3D(argument: _backend_Generate3DRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  Generate3D(argument: _backend_Generate3DRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  Generate3D(argument: _backend_Generate3DRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  Generate3D(argument: _backend_Generate3DRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generate3D(argument: _backend_Generate3DRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generate3D(argument: _backend_Generate3DRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generate3D(argument: _backend_Generate3DRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generate3D(argument: _backend_Generate3DRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  GenerateImage(argument: _backend_GenerateImageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  GenerateImage(argument: _backend_GenerateImageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  GenerateImage(argument: _backend_GenerateImageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  GenerateImage(argument: _backend_GenerateImageRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generateImage(argument: _backend_GenerateImageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generateImage(argument: _backend_GenerateImageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generateImage(argument: _backend_GenerateImageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generateImage(argument: _backend_GenerateImageRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  GenerateVideo(argument: _backend_GenerateVideoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  GenerateVideo(argument: _backend_GenerateVideoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  GenerateVideo(argument: _backend_GenerateVideoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  GenerateVideo(argument: _backend_GenerateVideoRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generateVideo(argument: _backend_GenerateVideoRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generateVideo(argument: _backend_GenerateVideoRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generateVideo(argument: _backend_GenerateVideoRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  generateVideo(argument: _backend_GenerateVideoRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  GetMetrics(argument: _backend_MetricsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_MetricsResponse__Output>): grpc.ClientUnaryCall;
  GetMetrics(argument: _backend_MetricsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_MetricsResponse__Output>): grpc.ClientUnaryCall;
  GetMetrics(argument: _backend_MetricsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_MetricsResponse__Output>): grpc.ClientUnaryCall;
  GetMetrics(argument: _backend_MetricsRequest, callback: grpc.requestCallback<_backend_MetricsResponse__Output>): grpc.ClientUnaryCall;
  getMetrics(argument: _backend_MetricsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_MetricsResponse__Output>): grpc.ClientUnaryCall;
  getMetrics(argument: _backend_MetricsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_MetricsResponse__Output>): grpc.ClientUnaryCall;
  getMetrics(argument: _backend_MetricsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_MetricsResponse__Output>): grpc.ClientUnaryCall;
  getMetrics(argument: _backend_MetricsRequest, callback: grpc.requestCallback<_backend_MetricsResponse__Output>): grpc.ClientUnaryCall;
  
  Health(argument: _backend_HealthMessage, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  Health(argument: _backend_HealthMessage, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  Health(argument: _backend_HealthMessage, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  Health(argument: _backend_HealthMessage, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  health(argument: _backend_HealthMessage, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  health(argument: _backend_HealthMessage, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  health(argument: _backend_HealthMessage, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  health(argument: _backend_HealthMessage, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  
  ListCheckpoints(argument: _backend_ListCheckpointsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ListCheckpointsResponse__Output>): grpc.ClientUnaryCall;
  ListCheckpoints(argument: _backend_ListCheckpointsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_ListCheckpointsResponse__Output>): grpc.ClientUnaryCall;
  ListCheckpoints(argument: _backend_ListCheckpointsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ListCheckpointsResponse__Output>): grpc.ClientUnaryCall;
  ListCheckpoints(argument: _backend_ListCheckpointsRequest, callback: grpc.requestCallback<_backend_ListCheckpointsResponse__Output>): grpc.ClientUnaryCall;
  listCheckpoints(argument: _backend_ListCheckpointsRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ListCheckpointsResponse__Output>): grpc.ClientUnaryCall;
  listCheckpoints(argument: _backend_ListCheckpointsRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_ListCheckpointsResponse__Output>): grpc.ClientUnaryCall;
  listCheckpoints(argument: _backend_ListCheckpointsRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ListCheckpointsResponse__Output>): grpc.ClientUnaryCall;
  listCheckpoints(argument: _backend_ListCheckpointsRequest, callback: grpc.requestCallback<_backend_ListCheckpointsResponse__Output>): grpc.ClientUnaryCall;
  
  LoadModel(argument: _backend_ModelOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  LoadModel(argument: _backend_ModelOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  LoadModel(argument: _backend_ModelOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  LoadModel(argument: _backend_ModelOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  loadModel(argument: _backend_ModelOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  loadModel(argument: _backend_ModelOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  loadModel(argument: _backend_ModelOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  loadModel(argument: _backend_ModelOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  ModelMetadata(argument: _backend_ModelOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ModelMetadataResponse__Output>): grpc.ClientUnaryCall;
  ModelMetadata(argument: _backend_ModelOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_ModelMetadataResponse__Output>): grpc.ClientUnaryCall;
  ModelMetadata(argument: _backend_ModelOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ModelMetadataResponse__Output>): grpc.ClientUnaryCall;
  ModelMetadata(argument: _backend_ModelOptions, callback: grpc.requestCallback<_backend_ModelMetadataResponse__Output>): grpc.ClientUnaryCall;
  modelMetadata(argument: _backend_ModelOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ModelMetadataResponse__Output>): grpc.ClientUnaryCall;
  modelMetadata(argument: _backend_ModelOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_ModelMetadataResponse__Output>): grpc.ClientUnaryCall;
  modelMetadata(argument: _backend_ModelOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ModelMetadataResponse__Output>): grpc.ClientUnaryCall;
  modelMetadata(argument: _backend_ModelOptions, callback: grpc.requestCallback<_backend_ModelMetadataResponse__Output>): grpc.ClientUnaryCall;
  
  Predict(argument: _backend_PredictOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  Predict(argument: _backend_PredictOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  Predict(argument: _backend_PredictOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  Predict(argument: _backend_PredictOptions, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  predict(argument: _backend_PredictOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  predict(argument: _backend_PredictOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  predict(argument: _backend_PredictOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  predict(argument: _backend_PredictOptions, callback: grpc.requestCallback<_backend_Reply__Output>): grpc.ClientUnaryCall;
  
  PredictStream(argument: _backend_PredictOptions, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_Reply__Output>;
  PredictStream(argument: _backend_PredictOptions, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_Reply__Output>;
  predictStream(argument: _backend_PredictOptions, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_Reply__Output>;
  predictStream(argument: _backend_PredictOptions, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_Reply__Output>;
  
  QuantizationProgress(argument: _backend_QuantizationProgressRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_QuantizationProgressUpdate__Output>;
  QuantizationProgress(argument: _backend_QuantizationProgressRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_QuantizationProgressUpdate__Output>;
  quantizationProgress(argument: _backend_QuantizationProgressRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_QuantizationProgressUpdate__Output>;
  quantizationProgress(argument: _backend_QuantizationProgressRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_QuantizationProgressUpdate__Output>;
  
  Rerank(argument: _backend_RerankRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_RerankResult__Output>): grpc.ClientUnaryCall;
  Rerank(argument: _backend_RerankRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_RerankResult__Output>): grpc.ClientUnaryCall;
  Rerank(argument: _backend_RerankRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_RerankResult__Output>): grpc.ClientUnaryCall;
  Rerank(argument: _backend_RerankRequest, callback: grpc.requestCallback<_backend_RerankResult__Output>): grpc.ClientUnaryCall;
  rerank(argument: _backend_RerankRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_RerankResult__Output>): grpc.ClientUnaryCall;
  rerank(argument: _backend_RerankRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_RerankResult__Output>): grpc.ClientUnaryCall;
  rerank(argument: _backend_RerankRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_RerankResult__Output>): grpc.ClientUnaryCall;
  rerank(argument: _backend_RerankRequest, callback: grpc.requestCallback<_backend_RerankResult__Output>): grpc.ClientUnaryCall;
  
  Score(argument: _backend_ScoreRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ScoreResponse__Output>): grpc.ClientUnaryCall;
  Score(argument: _backend_ScoreRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_ScoreResponse__Output>): grpc.ClientUnaryCall;
  Score(argument: _backend_ScoreRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ScoreResponse__Output>): grpc.ClientUnaryCall;
  Score(argument: _backend_ScoreRequest, callback: grpc.requestCallback<_backend_ScoreResponse__Output>): grpc.ClientUnaryCall;
  score(argument: _backend_ScoreRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ScoreResponse__Output>): grpc.ClientUnaryCall;
  score(argument: _backend_ScoreRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_ScoreResponse__Output>): grpc.ClientUnaryCall;
  score(argument: _backend_ScoreRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_ScoreResponse__Output>): grpc.ClientUnaryCall;
  score(argument: _backend_ScoreRequest, callback: grpc.requestCallback<_backend_ScoreResponse__Output>): grpc.ClientUnaryCall;
  
  SoundDetection(argument: _backend_SoundDetectionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_SoundDetectionResponse__Output>): grpc.ClientUnaryCall;
  SoundDetection(argument: _backend_SoundDetectionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_SoundDetectionResponse__Output>): grpc.ClientUnaryCall;
  SoundDetection(argument: _backend_SoundDetectionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_SoundDetectionResponse__Output>): grpc.ClientUnaryCall;
  SoundDetection(argument: _backend_SoundDetectionRequest, callback: grpc.requestCallback<_backend_SoundDetectionResponse__Output>): grpc.ClientUnaryCall;
  soundDetection(argument: _backend_SoundDetectionRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_SoundDetectionResponse__Output>): grpc.ClientUnaryCall;
  soundDetection(argument: _backend_SoundDetectionRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_SoundDetectionResponse__Output>): grpc.ClientUnaryCall;
  soundDetection(argument: _backend_SoundDetectionRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_SoundDetectionResponse__Output>): grpc.ClientUnaryCall;
  soundDetection(argument: _backend_SoundDetectionRequest, callback: grpc.requestCallback<_backend_SoundDetectionResponse__Output>): grpc.ClientUnaryCall;
  
  SoundGeneration(argument: _backend_SoundGenerationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  SoundGeneration(argument: _backend_SoundGenerationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  SoundGeneration(argument: _backend_SoundGenerationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  SoundGeneration(argument: _backend_SoundGenerationRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  soundGeneration(argument: _backend_SoundGenerationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  soundGeneration(argument: _backend_SoundGenerationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  soundGeneration(argument: _backend_SoundGenerationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  soundGeneration(argument: _backend_SoundGenerationRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  StartFineTune(argument: _backend_FineTuneRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FineTuneJobResult__Output>): grpc.ClientUnaryCall;
  StartFineTune(argument: _backend_FineTuneRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_FineTuneJobResult__Output>): grpc.ClientUnaryCall;
  StartFineTune(argument: _backend_FineTuneRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FineTuneJobResult__Output>): grpc.ClientUnaryCall;
  StartFineTune(argument: _backend_FineTuneRequest, callback: grpc.requestCallback<_backend_FineTuneJobResult__Output>): grpc.ClientUnaryCall;
  startFineTune(argument: _backend_FineTuneRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FineTuneJobResult__Output>): grpc.ClientUnaryCall;
  startFineTune(argument: _backend_FineTuneRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_FineTuneJobResult__Output>): grpc.ClientUnaryCall;
  startFineTune(argument: _backend_FineTuneRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_FineTuneJobResult__Output>): grpc.ClientUnaryCall;
  startFineTune(argument: _backend_FineTuneRequest, callback: grpc.requestCallback<_backend_FineTuneJobResult__Output>): grpc.ClientUnaryCall;
  
  StartQuantization(argument: _backend_QuantizationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_QuantizationJobResult__Output>): grpc.ClientUnaryCall;
  StartQuantization(argument: _backend_QuantizationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_QuantizationJobResult__Output>): grpc.ClientUnaryCall;
  StartQuantization(argument: _backend_QuantizationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_QuantizationJobResult__Output>): grpc.ClientUnaryCall;
  StartQuantization(argument: _backend_QuantizationRequest, callback: grpc.requestCallback<_backend_QuantizationJobResult__Output>): grpc.ClientUnaryCall;
  startQuantization(argument: _backend_QuantizationRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_QuantizationJobResult__Output>): grpc.ClientUnaryCall;
  startQuantization(argument: _backend_QuantizationRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_QuantizationJobResult__Output>): grpc.ClientUnaryCall;
  startQuantization(argument: _backend_QuantizationRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_QuantizationJobResult__Output>): grpc.ClientUnaryCall;
  startQuantization(argument: _backend_QuantizationRequest, callback: grpc.requestCallback<_backend_QuantizationJobResult__Output>): grpc.ClientUnaryCall;
  
  Status(argument: _backend_HealthMessage, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StatusResponse__Output>): grpc.ClientUnaryCall;
  Status(argument: _backend_HealthMessage, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_StatusResponse__Output>): grpc.ClientUnaryCall;
  Status(argument: _backend_HealthMessage, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StatusResponse__Output>): grpc.ClientUnaryCall;
  Status(argument: _backend_HealthMessage, callback: grpc.requestCallback<_backend_StatusResponse__Output>): grpc.ClientUnaryCall;
  status(argument: _backend_HealthMessage, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StatusResponse__Output>): grpc.ClientUnaryCall;
  status(argument: _backend_HealthMessage, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_StatusResponse__Output>): grpc.ClientUnaryCall;
  status(argument: _backend_HealthMessage, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StatusResponse__Output>): grpc.ClientUnaryCall;
  status(argument: _backend_HealthMessage, callback: grpc.requestCallback<_backend_StatusResponse__Output>): grpc.ClientUnaryCall;
  
  StopFineTune(argument: _backend_FineTuneStopRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StopFineTune(argument: _backend_FineTuneStopRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StopFineTune(argument: _backend_FineTuneStopRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StopFineTune(argument: _backend_FineTuneStopRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  stopFineTune(argument: _backend_FineTuneStopRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  stopFineTune(argument: _backend_FineTuneStopRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  stopFineTune(argument: _backend_FineTuneStopRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  stopFineTune(argument: _backend_FineTuneStopRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  StopQuantization(argument: _backend_QuantizationStopRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StopQuantization(argument: _backend_QuantizationStopRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StopQuantization(argument: _backend_QuantizationStopRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StopQuantization(argument: _backend_QuantizationStopRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  stopQuantization(argument: _backend_QuantizationStopRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  stopQuantization(argument: _backend_QuantizationStopRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  stopQuantization(argument: _backend_QuantizationStopRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  stopQuantization(argument: _backend_QuantizationStopRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  StoresDelete(argument: _backend_StoresDeleteOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StoresDelete(argument: _backend_StoresDeleteOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StoresDelete(argument: _backend_StoresDeleteOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StoresDelete(argument: _backend_StoresDeleteOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  storesDelete(argument: _backend_StoresDeleteOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  storesDelete(argument: _backend_StoresDeleteOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  storesDelete(argument: _backend_StoresDeleteOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  storesDelete(argument: _backend_StoresDeleteOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  StoresFind(argument: _backend_StoresFindOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StoresFindResult__Output>): grpc.ClientUnaryCall;
  StoresFind(argument: _backend_StoresFindOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_StoresFindResult__Output>): grpc.ClientUnaryCall;
  StoresFind(argument: _backend_StoresFindOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StoresFindResult__Output>): grpc.ClientUnaryCall;
  StoresFind(argument: _backend_StoresFindOptions, callback: grpc.requestCallback<_backend_StoresFindResult__Output>): grpc.ClientUnaryCall;
  storesFind(argument: _backend_StoresFindOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StoresFindResult__Output>): grpc.ClientUnaryCall;
  storesFind(argument: _backend_StoresFindOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_StoresFindResult__Output>): grpc.ClientUnaryCall;
  storesFind(argument: _backend_StoresFindOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StoresFindResult__Output>): grpc.ClientUnaryCall;
  storesFind(argument: _backend_StoresFindOptions, callback: grpc.requestCallback<_backend_StoresFindResult__Output>): grpc.ClientUnaryCall;
  
  StoresGet(argument: _backend_StoresGetOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StoresGetResult__Output>): grpc.ClientUnaryCall;
  StoresGet(argument: _backend_StoresGetOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_StoresGetResult__Output>): grpc.ClientUnaryCall;
  StoresGet(argument: _backend_StoresGetOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StoresGetResult__Output>): grpc.ClientUnaryCall;
  StoresGet(argument: _backend_StoresGetOptions, callback: grpc.requestCallback<_backend_StoresGetResult__Output>): grpc.ClientUnaryCall;
  storesGet(argument: _backend_StoresGetOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StoresGetResult__Output>): grpc.ClientUnaryCall;
  storesGet(argument: _backend_StoresGetOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_StoresGetResult__Output>): grpc.ClientUnaryCall;
  storesGet(argument: _backend_StoresGetOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_StoresGetResult__Output>): grpc.ClientUnaryCall;
  storesGet(argument: _backend_StoresGetOptions, callback: grpc.requestCallback<_backend_StoresGetResult__Output>): grpc.ClientUnaryCall;
  
  StoresSet(argument: _backend_StoresSetOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StoresSet(argument: _backend_StoresSetOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StoresSet(argument: _backend_StoresSetOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  StoresSet(argument: _backend_StoresSetOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  storesSet(argument: _backend_StoresSetOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  storesSet(argument: _backend_StoresSetOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  storesSet(argument: _backend_StoresSetOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  storesSet(argument: _backend_StoresSetOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  TTS(argument: _backend_TTSRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  TTS(argument: _backend_TTSRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  TTS(argument: _backend_TTSRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  TTS(argument: _backend_TTSRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  tts(argument: _backend_TTSRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  tts(argument: _backend_TTSRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  tts(argument: _backend_TTSRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  tts(argument: _backend_TTSRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  TTSStream(argument: _backend_TTSRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_Reply__Output>;
  TTSStream(argument: _backend_TTSRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_Reply__Output>;
  ttsStream(argument: _backend_TTSRequest, metadata: grpc.Metadata, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_Reply__Output>;
  ttsStream(argument: _backend_TTSRequest, options?: grpc.CallOptions): grpc.ClientReadableStream<_backend_Reply__Output>;
  
  TokenClassify(argument: _backend_TokenClassifyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TokenClassifyResponse__Output>): grpc.ClientUnaryCall;
  TokenClassify(argument: _backend_TokenClassifyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_TokenClassifyResponse__Output>): grpc.ClientUnaryCall;
  TokenClassify(argument: _backend_TokenClassifyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TokenClassifyResponse__Output>): grpc.ClientUnaryCall;
  TokenClassify(argument: _backend_TokenClassifyRequest, callback: grpc.requestCallback<_backend_TokenClassifyResponse__Output>): grpc.ClientUnaryCall;
  tokenClassify(argument: _backend_TokenClassifyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TokenClassifyResponse__Output>): grpc.ClientUnaryCall;
  tokenClassify(argument: _backend_TokenClassifyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_TokenClassifyResponse__Output>): grpc.ClientUnaryCall;
  tokenClassify(argument: _backend_TokenClassifyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TokenClassifyResponse__Output>): grpc.ClientUnaryCall;
  tokenClassify(argument: _backend_TokenClassifyRequest, callback: grpc.requestCallback<_backend_TokenClassifyResponse__Output>): grpc.ClientUnaryCall;
  
  TokenizeString(argument: _backend_PredictOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TokenizationResponse__Output>): grpc.ClientUnaryCall;
  TokenizeString(argument: _backend_PredictOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_TokenizationResponse__Output>): grpc.ClientUnaryCall;
  TokenizeString(argument: _backend_PredictOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TokenizationResponse__Output>): grpc.ClientUnaryCall;
  TokenizeString(argument: _backend_PredictOptions, callback: grpc.requestCallback<_backend_TokenizationResponse__Output>): grpc.ClientUnaryCall;
  tokenizeString(argument: _backend_PredictOptions, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TokenizationResponse__Output>): grpc.ClientUnaryCall;
  tokenizeString(argument: _backend_PredictOptions, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_TokenizationResponse__Output>): grpc.ClientUnaryCall;
  tokenizeString(argument: _backend_PredictOptions, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_TokenizationResponse__Output>): grpc.ClientUnaryCall;
  tokenizeString(argument: _backend_PredictOptions, callback: grpc.requestCallback<_backend_TokenizationResponse__Output>): grpc.ClientUnaryCall;
  
  UpscaleImage(argument: _backend_UpscaleImageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  UpscaleImage(argument: _backend_UpscaleImageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  UpscaleImage(argument: _backend_UpscaleImageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  UpscaleImage(argument: _backend_UpscaleImageRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  upscaleImage(argument: _backend_UpscaleImageRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  upscaleImage(argument: _backend_UpscaleImageRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  upscaleImage(argument: _backend_UpscaleImageRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  upscaleImage(argument: _backend_UpscaleImageRequest, callback: grpc.requestCallback<_backend_Result__Output>): grpc.ClientUnaryCall;
  
  VAD(argument: _backend_VADRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VADResponse__Output>): grpc.ClientUnaryCall;
  VAD(argument: _backend_VADRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_VADResponse__Output>): grpc.ClientUnaryCall;
  VAD(argument: _backend_VADRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VADResponse__Output>): grpc.ClientUnaryCall;
  VAD(argument: _backend_VADRequest, callback: grpc.requestCallback<_backend_VADResponse__Output>): grpc.ClientUnaryCall;
  vad(argument: _backend_VADRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VADResponse__Output>): grpc.ClientUnaryCall;
  vad(argument: _backend_VADRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_VADResponse__Output>): grpc.ClientUnaryCall;
  vad(argument: _backend_VADRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VADResponse__Output>): grpc.ClientUnaryCall;
  vad(argument: _backend_VADRequest, callback: grpc.requestCallback<_backend_VADResponse__Output>): grpc.ClientUnaryCall;
  
  VoiceAnalyze(argument: _backend_VoiceAnalyzeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  VoiceAnalyze(argument: _backend_VoiceAnalyzeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_VoiceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  VoiceAnalyze(argument: _backend_VoiceAnalyzeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  VoiceAnalyze(argument: _backend_VoiceAnalyzeRequest, callback: grpc.requestCallback<_backend_VoiceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  voiceAnalyze(argument: _backend_VoiceAnalyzeRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  voiceAnalyze(argument: _backend_VoiceAnalyzeRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_VoiceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  voiceAnalyze(argument: _backend_VoiceAnalyzeRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  voiceAnalyze(argument: _backend_VoiceAnalyzeRequest, callback: grpc.requestCallback<_backend_VoiceAnalyzeResponse__Output>): grpc.ClientUnaryCall;
  
  VoiceEmbed(argument: _backend_VoiceEmbedRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceEmbedResponse__Output>): grpc.ClientUnaryCall;
  VoiceEmbed(argument: _backend_VoiceEmbedRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_VoiceEmbedResponse__Output>): grpc.ClientUnaryCall;
  VoiceEmbed(argument: _backend_VoiceEmbedRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceEmbedResponse__Output>): grpc.ClientUnaryCall;
  VoiceEmbed(argument: _backend_VoiceEmbedRequest, callback: grpc.requestCallback<_backend_VoiceEmbedResponse__Output>): grpc.ClientUnaryCall;
  voiceEmbed(argument: _backend_VoiceEmbedRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceEmbedResponse__Output>): grpc.ClientUnaryCall;
  voiceEmbed(argument: _backend_VoiceEmbedRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_VoiceEmbedResponse__Output>): grpc.ClientUnaryCall;
  voiceEmbed(argument: _backend_VoiceEmbedRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceEmbedResponse__Output>): grpc.ClientUnaryCall;
  voiceEmbed(argument: _backend_VoiceEmbedRequest, callback: grpc.requestCallback<_backend_VoiceEmbedResponse__Output>): grpc.ClientUnaryCall;
  
  VoiceVerify(argument: _backend_VoiceVerifyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceVerifyResponse__Output>): grpc.ClientUnaryCall;
  VoiceVerify(argument: _backend_VoiceVerifyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_VoiceVerifyResponse__Output>): grpc.ClientUnaryCall;
  VoiceVerify(argument: _backend_VoiceVerifyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceVerifyResponse__Output>): grpc.ClientUnaryCall;
  VoiceVerify(argument: _backend_VoiceVerifyRequest, callback: grpc.requestCallback<_backend_VoiceVerifyResponse__Output>): grpc.ClientUnaryCall;
  voiceVerify(argument: _backend_VoiceVerifyRequest, metadata: grpc.Metadata, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceVerifyResponse__Output>): grpc.ClientUnaryCall;
  voiceVerify(argument: _backend_VoiceVerifyRequest, metadata: grpc.Metadata, callback: grpc.requestCallback<_backend_VoiceVerifyResponse__Output>): grpc.ClientUnaryCall;
  voiceVerify(argument: _backend_VoiceVerifyRequest, options: grpc.CallOptions, callback: grpc.requestCallback<_backend_VoiceVerifyResponse__Output>): grpc.ClientUnaryCall;
  voiceVerify(argument: _backend_VoiceVerifyRequest, callback: grpc.requestCallback<_backend_VoiceVerifyResponse__Output>): grpc.ClientUnaryCall;
  
}

export interface BackendHandlers extends grpc.UntypedServiceImplementation {
  AudioDecode: grpc.handleUnaryCall<_backend_AudioDecodeRequest__Output, _backend_AudioDecodeResult>;
  
  AudioEncode: grpc.handleUnaryCall<_backend_AudioEncodeRequest__Output, _backend_AudioEncodeResult>;
  
  AudioToAudioStream: grpc.handleBidiStreamingCall<_backend_AudioToAudioRequest__Output, _backend_AudioToAudioResponse>;
  
  AudioTranscription: grpc.handleUnaryCall<_backend_TranscriptRequest__Output, _backend_TranscriptResult>;
  
  AudioTranscriptionLive: grpc.handleBidiStreamingCall<_backend_TranscriptLiveRequest__Output, _backend_TranscriptLiveResponse>;
  
  AudioTranscriptionStream: grpc.handleServerStreamingCall<_backend_TranscriptRequest__Output, _backend_TranscriptStreamResponse>;
  
  AudioTransform: grpc.handleUnaryCall<_backend_AudioTransformRequest__Output, _backend_AudioTransformResult>;
  
  AudioTransformStream: grpc.handleBidiStreamingCall<_backend_AudioTransformFrameRequest__Output, _backend_AudioTransformFrameResponse>;
  
  Depth: grpc.handleUnaryCall<_backend_DepthRequest__Output, _backend_DepthResponse>;
  
  Detect: grpc.handleUnaryCall<_backend_DetectOptions__Output, _backend_DetectResponse>;
  
  Detokenize: grpc.handleUnaryCall<_backend_DetokenizeRequest__Output, _backend_DetokenizeResponse>;
  
  Diarize: grpc.handleUnaryCall<_backend_DiarizeRequest__Output, _backend_DiarizeResponse>;
  
  Embedding: grpc.handleUnaryCall<_backend_PredictOptions__Output, _backend_EmbeddingResult>;
  
  ExportModel: grpc.handleUnaryCall<_backend_ExportModelRequest__Output, _backend_Result>;
  
  FaceAnalyze: grpc.handleUnaryCall<_backend_FaceAnalyzeRequest__Output, _backend_FaceAnalyzeResponse>;
  
  FaceVerify: grpc.handleUnaryCall<_backend_FaceVerifyRequest__Output, _backend_FaceVerifyResponse>;
  
  FineTuneProgress: grpc.handleServerStreamingCall<_backend_FineTuneProgressRequest__Output, _backend_FineTuneProgressUpdate>;
  
  Forward: grpc.handleBidiStreamingCall<_backend_ForwardRequest__Output, _backend_ForwardReply>;
  
  Free: grpc.handleUnaryCall<_backend_HealthMessage__Output, _backend_Result>;
  
  Generate3D: grpc.handleUnaryCall<_backend_Generate3DRequest__Output, _backend_Result>;
  
  GenerateImage: grpc.handleUnaryCall<_backend_GenerateImageRequest__Output, _backend_Result>;
  
  GenerateVideo: grpc.handleUnaryCall<_backend_GenerateVideoRequest__Output, _backend_Result>;
  
  GetMetrics: grpc.handleUnaryCall<_backend_MetricsRequest__Output, _backend_MetricsResponse>;
  
  Health: grpc.handleUnaryCall<_backend_HealthMessage__Output, _backend_Reply>;
  
  ListCheckpoints: grpc.handleUnaryCall<_backend_ListCheckpointsRequest__Output, _backend_ListCheckpointsResponse>;
  
  LoadModel: grpc.handleUnaryCall<_backend_ModelOptions__Output, _backend_Result>;
  
  ModelMetadata: grpc.handleUnaryCall<_backend_ModelOptions__Output, _backend_ModelMetadataResponse>;
  
  Predict: grpc.handleUnaryCall<_backend_PredictOptions__Output, _backend_Reply>;
  
  PredictStream: grpc.handleServerStreamingCall<_backend_PredictOptions__Output, _backend_Reply>;
  
  QuantizationProgress: grpc.handleServerStreamingCall<_backend_QuantizationProgressRequest__Output, _backend_QuantizationProgressUpdate>;
  
  Rerank: grpc.handleUnaryCall<_backend_RerankRequest__Output, _backend_RerankResult>;
  
  Score: grpc.handleUnaryCall<_backend_ScoreRequest__Output, _backend_ScoreResponse>;
  
  SoundDetection: grpc.handleUnaryCall<_backend_SoundDetectionRequest__Output, _backend_SoundDetectionResponse>;
  
  SoundGeneration: grpc.handleUnaryCall<_backend_SoundGenerationRequest__Output, _backend_Result>;
  
  StartFineTune: grpc.handleUnaryCall<_backend_FineTuneRequest__Output, _backend_FineTuneJobResult>;
  
  StartQuantization: grpc.handleUnaryCall<_backend_QuantizationRequest__Output, _backend_QuantizationJobResult>;
  
  Status: grpc.handleUnaryCall<_backend_HealthMessage__Output, _backend_StatusResponse>;
  
  StopFineTune: grpc.handleUnaryCall<_backend_FineTuneStopRequest__Output, _backend_Result>;
  
  StopQuantization: grpc.handleUnaryCall<_backend_QuantizationStopRequest__Output, _backend_Result>;
  
  StoresDelete: grpc.handleUnaryCall<_backend_StoresDeleteOptions__Output, _backend_Result>;
  
  StoresFind: grpc.handleUnaryCall<_backend_StoresFindOptions__Output, _backend_StoresFindResult>;
  
  StoresGet: grpc.handleUnaryCall<_backend_StoresGetOptions__Output, _backend_StoresGetResult>;
  
  StoresSet: grpc.handleUnaryCall<_backend_StoresSetOptions__Output, _backend_Result>;
  
  TTS: grpc.handleUnaryCall<_backend_TTSRequest__Output, _backend_Result>;
  
  TTSStream: grpc.handleServerStreamingCall<_backend_TTSRequest__Output, _backend_Reply>;
  
  TokenClassify: grpc.handleUnaryCall<_backend_TokenClassifyRequest__Output, _backend_TokenClassifyResponse>;
  
  TokenizeString: grpc.handleUnaryCall<_backend_PredictOptions__Output, _backend_TokenizationResponse>;
  
  UpscaleImage: grpc.handleUnaryCall<_backend_UpscaleImageRequest__Output, _backend_Result>;
  
  VAD: grpc.handleUnaryCall<_backend_VADRequest__Output, _backend_VADResponse>;
  
  VoiceAnalyze: grpc.handleUnaryCall<_backend_VoiceAnalyzeRequest__Output, _backend_VoiceAnalyzeResponse>;
  
  VoiceEmbed: grpc.handleUnaryCall<_backend_VoiceEmbedRequest__Output, _backend_VoiceEmbedResponse>;
  
  VoiceVerify: grpc.handleUnaryCall<_backend_VoiceVerifyRequest__Output, _backend_VoiceVerifyResponse>;
  
}

export interface BackendDefinition extends grpc.ServiceDefinition {
  AudioDecode: MethodDefinition<_backend_AudioDecodeRequest, _backend_AudioDecodeResult, _backend_AudioDecodeRequest__Output, _backend_AudioDecodeResult__Output>
  AudioEncode: MethodDefinition<_backend_AudioEncodeRequest, _backend_AudioEncodeResult, _backend_AudioEncodeRequest__Output, _backend_AudioEncodeResult__Output>
  AudioToAudioStream: MethodDefinition<_backend_AudioToAudioRequest, _backend_AudioToAudioResponse, _backend_AudioToAudioRequest__Output, _backend_AudioToAudioResponse__Output>
  AudioTranscription: MethodDefinition<_backend_TranscriptRequest, _backend_TranscriptResult, _backend_TranscriptRequest__Output, _backend_TranscriptResult__Output>
  AudioTranscriptionLive: MethodDefinition<_backend_TranscriptLiveRequest, _backend_TranscriptLiveResponse, _backend_TranscriptLiveRequest__Output, _backend_TranscriptLiveResponse__Output>
  AudioTranscriptionStream: MethodDefinition<_backend_TranscriptRequest, _backend_TranscriptStreamResponse, _backend_TranscriptRequest__Output, _backend_TranscriptStreamResponse__Output>
  AudioTransform: MethodDefinition<_backend_AudioTransformRequest, _backend_AudioTransformResult, _backend_AudioTransformRequest__Output, _backend_AudioTransformResult__Output>
  AudioTransformStream: MethodDefinition<_backend_AudioTransformFrameRequest, _backend_AudioTransformFrameResponse, _backend_AudioTransformFrameRequest__Output, _backend_AudioTransformFrameResponse__Output>
  Depth: MethodDefinition<_backend_DepthRequest, _backend_DepthResponse, _backend_DepthRequest__Output, _backend_DepthResponse__Output>
  Detect: MethodDefinition<_backend_DetectOptions, _backend_DetectResponse, _backend_DetectOptions__Output, _backend_DetectResponse__Output>
  Detokenize: MethodDefinition<_backend_DetokenizeRequest, _backend_DetokenizeResponse, _backend_DetokenizeRequest__Output, _backend_DetokenizeResponse__Output>
  Diarize: MethodDefinition<_backend_DiarizeRequest, _backend_DiarizeResponse, _backend_DiarizeRequest__Output, _backend_DiarizeResponse__Output>
  Embedding: MethodDefinition<_backend_PredictOptions, _backend_EmbeddingResult, _backend_PredictOptions__Output, _backend_EmbeddingResult__Output>
  ExportModel: MethodDefinition<_backend_ExportModelRequest, _backend_Result, _backend_ExportModelRequest__Output, _backend_Result__Output>
  FaceAnalyze: MethodDefinition<_backend_FaceAnalyzeRequest, _backend_FaceAnalyzeResponse, _backend_FaceAnalyzeRequest__Output, _backend_FaceAnalyzeResponse__Output>
  FaceVerify: MethodDefinition<_backend_FaceVerifyRequest, _backend_FaceVerifyResponse, _backend_FaceVerifyRequest__Output, _backend_FaceVerifyResponse__Output>
  FineTuneProgress: MethodDefinition<_backend_FineTuneProgressRequest, _backend_FineTuneProgressUpdate, _backend_FineTuneProgressRequest__Output, _backend_FineTuneProgressUpdate__Output>
  Forward: MethodDefinition<_backend_ForwardRequest, _backend_ForwardReply, _backend_ForwardRequest__Output, _backend_ForwardReply__Output>
  Free: MethodDefinition<_backend_HealthMessage, _backend_Result, _backend_HealthMessage__Output, _backend_Result__Output>
  Generate3D: MethodDefinition<_backend_Generate3DRequest, _backend_Result, _backend_Generate3DRequest__Output, _backend_Result__Output>
  GenerateImage: MethodDefinition<_backend_GenerateImageRequest, _backend_Result, _backend_GenerateImageRequest__Output, _backend_Result__Output>
  GenerateVideo: MethodDefinition<_backend_GenerateVideoRequest, _backend_Result, _backend_GenerateVideoRequest__Output, _backend_Result__Output>
  GetMetrics: MethodDefinition<_backend_MetricsRequest, _backend_MetricsResponse, _backend_MetricsRequest__Output, _backend_MetricsResponse__Output>
  Health: MethodDefinition<_backend_HealthMessage, _backend_Reply, _backend_HealthMessage__Output, _backend_Reply__Output>
  ListCheckpoints: MethodDefinition<_backend_ListCheckpointsRequest, _backend_ListCheckpointsResponse, _backend_ListCheckpointsRequest__Output, _backend_ListCheckpointsResponse__Output>
  LoadModel: MethodDefinition<_backend_ModelOptions, _backend_Result, _backend_ModelOptions__Output, _backend_Result__Output>
  ModelMetadata: MethodDefinition<_backend_ModelOptions, _backend_ModelMetadataResponse, _backend_ModelOptions__Output, _backend_ModelMetadataResponse__Output>
  Predict: MethodDefinition<_backend_PredictOptions, _backend_Reply, _backend_PredictOptions__Output, _backend_Reply__Output>
  PredictStream: MethodDefinition<_backend_PredictOptions, _backend_Reply, _backend_PredictOptions__Output, _backend_Reply__Output>
  QuantizationProgress: MethodDefinition<_backend_QuantizationProgressRequest, _backend_QuantizationProgressUpdate, _backend_QuantizationProgressRequest__Output, _backend_QuantizationProgressUpdate__Output>
  Rerank: MethodDefinition<_backend_RerankRequest, _backend_RerankResult, _backend_RerankRequest__Output, _backend_RerankResult__Output>
  Score: MethodDefinition<_backend_ScoreRequest, _backend_ScoreResponse, _backend_ScoreRequest__Output, _backend_ScoreResponse__Output>
  SoundDetection: MethodDefinition<_backend_SoundDetectionRequest, _backend_SoundDetectionResponse, _backend_SoundDetectionRequest__Output, _backend_SoundDetectionResponse__Output>
  SoundGeneration: MethodDefinition<_backend_SoundGenerationRequest, _backend_Result, _backend_SoundGenerationRequest__Output, _backend_Result__Output>
  StartFineTune: MethodDefinition<_backend_FineTuneRequest, _backend_FineTuneJobResult, _backend_FineTuneRequest__Output, _backend_FineTuneJobResult__Output>
  StartQuantization: MethodDefinition<_backend_QuantizationRequest, _backend_QuantizationJobResult, _backend_QuantizationRequest__Output, _backend_QuantizationJobResult__Output>
  Status: MethodDefinition<_backend_HealthMessage, _backend_StatusResponse, _backend_HealthMessage__Output, _backend_StatusResponse__Output>
  StopFineTune: MethodDefinition<_backend_FineTuneStopRequest, _backend_Result, _backend_FineTuneStopRequest__Output, _backend_Result__Output>
  StopQuantization: MethodDefinition<_backend_QuantizationStopRequest, _backend_Result, _backend_QuantizationStopRequest__Output, _backend_Result__Output>
  StoresDelete: MethodDefinition<_backend_StoresDeleteOptions, _backend_Result, _backend_StoresDeleteOptions__Output, _backend_Result__Output>
  StoresFind: MethodDefinition<_backend_StoresFindOptions, _backend_StoresFindResult, _backend_StoresFindOptions__Output, _backend_StoresFindResult__Output>
  StoresGet: MethodDefinition<_backend_StoresGetOptions, _backend_StoresGetResult, _backend_StoresGetOptions__Output, _backend_StoresGetResult__Output>
  StoresSet: MethodDefinition<_backend_StoresSetOptions, _backend_Result, _backend_StoresSetOptions__Output, _backend_Result__Output>
  TTS: MethodDefinition<_backend_TTSRequest, _backend_Result, _backend_TTSRequest__Output, _backend_Result__Output>
  TTSStream: MethodDefinition<_backend_TTSRequest, _backend_Reply, _backend_TTSRequest__Output, _backend_Reply__Output>
  TokenClassify: MethodDefinition<_backend_TokenClassifyRequest, _backend_TokenClassifyResponse, _backend_TokenClassifyRequest__Output, _backend_TokenClassifyResponse__Output>
  TokenizeString: MethodDefinition<_backend_PredictOptions, _backend_TokenizationResponse, _backend_PredictOptions__Output, _backend_TokenizationResponse__Output>
  UpscaleImage: MethodDefinition<_backend_UpscaleImageRequest, _backend_Result, _backend_UpscaleImageRequest__Output, _backend_Result__Output>
  VAD: MethodDefinition<_backend_VADRequest, _backend_VADResponse, _backend_VADRequest__Output, _backend_VADResponse__Output>
  VoiceAnalyze: MethodDefinition<_backend_VoiceAnalyzeRequest, _backend_VoiceAnalyzeResponse, _backend_VoiceAnalyzeRequest__Output, _backend_VoiceAnalyzeResponse__Output>
  VoiceEmbed: MethodDefinition<_backend_VoiceEmbedRequest, _backend_VoiceEmbedResponse, _backend_VoiceEmbedRequest__Output, _backend_VoiceEmbedResponse__Output>
  VoiceVerify: MethodDefinition<_backend_VoiceVerifyRequest, _backend_VoiceVerifyResponse, _backend_VoiceVerifyRequest__Output, _backend_VoiceVerifyResponse__Output>
}

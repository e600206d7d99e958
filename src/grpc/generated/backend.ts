import type * as grpc from '@grpc/grpc-js';
import type { EnumTypeDefinition, MessageTypeDefinition } from '@grpc/proto-loader';

import type { AudioDecodeRequest as _backend_AudioDecodeRequest, AudioDecodeRequest__Output as _backend_AudioDecodeRequest__Output } from './backend/AudioDecodeRequest.ts';
import type { AudioDecodeResult as _backend_AudioDecodeResult, AudioDecodeResult__Output as _backend_AudioDecodeResult__Output } from './backend/AudioDecodeResult.ts';
import type { AudioEncodeRequest as _backend_AudioEncodeRequest, AudioEncodeRequest__Output as _backend_AudioEncodeRequest__Output } from './backend/AudioEncodeRequest.ts';
import type { AudioEncodeResult as _backend_AudioEncodeResult, AudioEncodeResult__Output as _backend_AudioEncodeResult__Output } from './backend/AudioEncodeResult.ts';
import type { AudioToAudioConfig as _backend_AudioToAudioConfig, AudioToAudioConfig__Output as _backend_AudioToAudioConfig__Output } from './backend/AudioToAudioConfig.ts';
import type { AudioToAudioControl as _backend_AudioToAudioControl, AudioToAudioControl__Output as _backend_AudioToAudioControl__Output } from './backend/AudioToAudioControl.ts';
import type { AudioToAudioFrame as _backend_AudioToAudioFrame, AudioToAudioFrame__Output as _backend_AudioToAudioFrame__Output } from './backend/AudioToAudioFrame.ts';
import type { AudioToAudioRequest as _backend_AudioToAudioRequest, AudioToAudioRequest__Output as _backend_AudioToAudioRequest__Output } from './backend/AudioToAudioRequest.ts';
import type { AudioToAudioResponse as _backend_AudioToAudioResponse, AudioToAudioResponse__Output as _backend_AudioToAudioResponse__Output } from './backend/AudioToAudioResponse.ts';
import type { AudioTransformFrame as _backend_AudioTransformFrame, AudioTransformFrame__Output as _backend_AudioTransformFrame__Output } from './backend/AudioTransformFrame.ts';
import type { AudioTransformFrameRequest as _backend_AudioTransformFrameRequest, AudioTransformFrameRequest__Output as _backend_AudioTransformFrameRequest__Output } from './backend/AudioTransformFrameRequest.ts';
import type { AudioTransformFrameResponse as _backend_AudioTransformFrameResponse, AudioTransformFrameResponse__Output as _backend_AudioTransformFrameResponse__Output } from './backend/AudioTransformFrameResponse.ts';
import type { AudioTransformRequest as _backend_AudioTransformRequest, AudioTransformRequest__Output as _backend_AudioTransformRequest__Output } from './backend/AudioTransformRequest.ts';
import type { AudioTransformResult as _backend_AudioTransformResult, AudioTransformResult__Output as _backend_AudioTransformResult__Output } from './backend/AudioTransformResult.ts';
import type { AudioTransformStem as _backend_AudioTransformStem, AudioTransformStem__Output as _backend_AudioTransformStem__Output } from './backend/AudioTransformStem.ts';
import type { AudioTransformStreamConfig as _backend_AudioTransformStreamConfig, AudioTransformStreamConfig__Output as _backend_AudioTransformStreamConfig__Output } from './backend/AudioTransformStreamConfig.ts';
import type { BackendClient as _backend_BackendClient, BackendDefinition as _backend_BackendDefinition } from './backend/Backend.ts';
import type { CandidateScore as _backend_CandidateScore, CandidateScore__Output as _backend_CandidateScore__Output } from './backend/CandidateScore.ts';
import type { ChatDelta as _backend_ChatDelta, ChatDelta__Output as _backend_ChatDelta__Output } from './backend/ChatDelta.ts';
import type { CheckpointInfo as _backend_CheckpointInfo, CheckpointInfo__Output as _backend_CheckpointInfo__Output } from './backend/CheckpointInfo.ts';
import type { DepthRequest as _backend_DepthRequest, DepthRequest__Output as _backend_DepthRequest__Output } from './backend/DepthRequest.ts';
import type { DepthResponse as _backend_DepthResponse, DepthResponse__Output as _backend_DepthResponse__Output } from './backend/DepthResponse.ts';
import type { DetectOptions as _backend_DetectOptions, DetectOptions__Output as _backend_DetectOptions__Output } from './backend/DetectOptions.ts';
import type { DetectResponse as _backend_DetectResponse, DetectResponse__Output as _backend_DetectResponse__Output } from './backend/DetectResponse.ts';
import type { Detection as _backend_Detection, Detection__Output as _backend_Detection__Output } from './backend/Detection.ts';
import type { DetokenizeRequest as _backend_DetokenizeRequest, DetokenizeRequest__Output as _backend_DetokenizeRequest__Output } from './backend/DetokenizeRequest.ts';
import type { DetokenizeResponse as _backend_DetokenizeResponse, DetokenizeResponse__Output as _backend_DetokenizeResponse__Output } from './backend/DetokenizeResponse.ts';
import type { DiarizeRequest as _backend_DiarizeRequest, DiarizeRequest__Output as _backend_DiarizeRequest__Output } from './backend/DiarizeRequest.ts';
import type { DiarizeResponse as _backend_DiarizeResponse, DiarizeResponse__Output as _backend_DiarizeResponse__Output } from './backend/DiarizeResponse.ts';
import type { DiarizeSegment as _backend_DiarizeSegment, DiarizeSegment__Output as _backend_DiarizeSegment__Output } from './backend/DiarizeSegment.ts';
import type { DocumentResult as _backend_DocumentResult, DocumentResult__Output as _backend_DocumentResult__Output } from './backend/DocumentResult.ts';
import type { EmbeddingResult as _backend_EmbeddingResult, EmbeddingResult__Output as _backend_EmbeddingResult__Output } from './backend/EmbeddingResult.ts';
import type { ExportModelRequest as _backend_ExportModelRequest, ExportModelRequest__Output as _backend_ExportModelRequest__Output } from './backend/ExportModelRequest.ts';
import type { FaceAnalysis as _backend_FaceAnalysis, FaceAnalysis__Output as _backend_FaceAnalysis__Output } from './backend/FaceAnalysis.ts';
import type { FaceAnalyzeRequest as _backend_FaceAnalyzeRequest, FaceAnalyzeRequest__Output as _backend_FaceAnalyzeRequest__Output } from './backend/FaceAnalyzeRequest.ts';
import type { FaceAnalyzeResponse as _backend_FaceAnalyzeResponse, FaceAnalyzeResponse__Output as _backend_FaceAnalyzeResponse__Output } from './backend/FaceAnalyzeResponse.ts';
import type { FaceVerifyRequest as _backend_FaceVerifyRequest, FaceVerifyRequest__Output as _backend_FaceVerifyRequest__Output } from './backend/FaceVerifyRequest.ts';
import type { FaceVerifyResponse as _backend_FaceVerifyResponse, FaceVerifyResponse__Output as _backend_FaceVerifyResponse__Output } from './backend/FaceVerifyResponse.ts';
import type { FacialArea as _backend_FacialArea, FacialArea__Output as _backend_FacialArea__Output } from './backend/FacialArea.ts';
import type { FineTuneJobResult as _backend_FineTuneJobResult, FineTuneJobResult__Output as _backend_FineTuneJobResult__Output } from './backend/FineTuneJobResult.ts';
import type { FineTuneProgressRequest as _backend_FineTuneProgressRequest, FineTuneProgressRequest__Output as _backend_FineTuneProgressRequest__Output } from './backend/FineTuneProgressRequest.ts';
import type { FineTuneProgressUpdate as _backend_FineTuneProgressUpdate, FineTuneProgressUpdate__Output as _backend_FineTuneProgressUpdate__Output } from './backend/FineTuneProgressUpdate.ts';
import type { FineTuneRequest as _backend_FineTuneRequest, FineTuneRequest__Output as _backend_FineTuneRequest__Output } from './backend/FineTuneRequest.ts';
import type { FineTuneStopRequest as _backend_FineTuneStopRequest, FineTuneStopRequest__Output as _backend_FineTuneStopRequest__Output } from './backend/FineTuneStopRequest.ts';
import type { ForwardHeader as _backend_ForwardHeader, ForwardHeader__Output as _backend_ForwardHeader__Output } from './backend/ForwardHeader.ts';
import type { ForwardReply as _backend_ForwardReply, ForwardReply__Output as _backend_ForwardReply__Output } from './backend/ForwardReply.ts';
import type { ForwardRequest as _backend_ForwardRequest, ForwardRequest__Output as _backend_ForwardRequest__Output } from './backend/ForwardRequest.ts';
import type { Generate3DRequest as _backend_Generate3DRequest, Generate3DRequest__Output as _backend_Generate3DRequest__Output } from './backend/Generate3DRequest.ts';
import type { GenerateImageRequest as _backend_GenerateImageRequest, GenerateImageRequest__Output as _backend_GenerateImageRequest__Output } from './backend/GenerateImageRequest.ts';
import type { GenerateVideoRequest as _backend_GenerateVideoRequest, GenerateVideoRequest__Output as _backend_GenerateVideoRequest__Output } from './backend/GenerateVideoRequest.ts';
import type { GeneratedToken as _backend_GeneratedToken, GeneratedToken__Output as _backend_GeneratedToken__Output } from './backend/GeneratedToken.ts';
import type { GrammarTrigger as _backend_GrammarTrigger, GrammarTrigger__Output as _backend_GrammarTrigger__Output } from './backend/GrammarTrigger.ts';
import type { HealthMessage as _backend_HealthMessage, HealthMessage__Output as _backend_HealthMessage__Output } from './backend/HealthMessage.ts';
import type { ListCheckpointsRequest as _backend_ListCheckpointsRequest, ListCheckpointsRequest__Output as _backend_ListCheckpointsRequest__Output } from './backend/ListCheckpointsRequest.ts';
import type { ListCheckpointsResponse as _backend_ListCheckpointsResponse, ListCheckpointsResponse__Output as _backend_ListCheckpointsResponse__Output } from './backend/ListCheckpointsResponse.ts';
import type { MemoryUsageData as _backend_MemoryUsageData, MemoryUsageData__Output as _backend_MemoryUsageData__Output } from './backend/MemoryUsageData.ts';
import type { Message as _backend_Message, Message__Output as _backend_Message__Output } from './backend/Message.ts';
import type { MetricsRequest as _backend_MetricsRequest, MetricsRequest__Output as _backend_MetricsRequest__Output } from './backend/MetricsRequest.ts';
import type { MetricsResponse as _backend_MetricsResponse, MetricsResponse__Output as _backend_MetricsResponse__Output } from './backend/MetricsResponse.ts';
import type { ModelMetadataResponse as _backend_ModelMetadataResponse, ModelMetadataResponse__Output as _backend_ModelMetadataResponse__Output } from './backend/ModelMetadataResponse.ts';
import type { ModelOptions as _backend_ModelOptions, ModelOptions__Output as _backend_ModelOptions__Output } from './backend/ModelOptions.ts';
import type { PredictOptions as _backend_PredictOptions, PredictOptions__Output as _backend_PredictOptions__Output } from './backend/PredictOptions.ts';
import type { ProxyOptions as _backend_ProxyOptions, ProxyOptions__Output as _backend_ProxyOptions__Output } from './backend/ProxyOptions.ts';
import type { QuantizationJobResult as _backend_QuantizationJobResult, QuantizationJobResult__Output as _backend_QuantizationJobResult__Output } from './backend/QuantizationJobResult.ts';
import type { QuantizationProgressRequest as _backend_QuantizationProgressRequest, QuantizationProgressRequest__Output as _backend_QuantizationProgressRequest__Output } from './backend/QuantizationProgressRequest.ts';
import type { QuantizationProgressUpdate as _backend_QuantizationProgressUpdate, QuantizationProgressUpdate__Output as _backend_QuantizationProgressUpdate__Output } from './backend/QuantizationProgressUpdate.ts';
import type { QuantizationRequest as _backend_QuantizationRequest, QuantizationRequest__Output as _backend_QuantizationRequest__Output } from './backend/QuantizationRequest.ts';
import type { QuantizationStopRequest as _backend_QuantizationStopRequest, QuantizationStopRequest__Output as _backend_QuantizationStopRequest__Output } from './backend/QuantizationStopRequest.ts';
import type { Reply as _backend_Reply, Reply__Output as _backend_Reply__Output } from './backend/Reply.ts';
import type { RerankRequest as _backend_RerankRequest, RerankRequest__Output as _backend_RerankRequest__Output } from './backend/RerankRequest.ts';
import type { RerankResult as _backend_RerankResult, RerankResult__Output as _backend_RerankResult__Output } from './backend/RerankResult.ts';
import type { Result as _backend_Result, Result__Output as _backend_Result__Output } from './backend/Result.ts';
import type { ScoreRequest as _backend_ScoreRequest, ScoreRequest__Output as _backend_ScoreRequest__Output } from './backend/ScoreRequest.ts';
import type { ScoreResponse as _backend_ScoreResponse, ScoreResponse__Output as _backend_ScoreResponse__Output } from './backend/ScoreResponse.ts';
import type { SoundClass as _backend_SoundClass, SoundClass__Output as _backend_SoundClass__Output } from './backend/SoundClass.ts';
import type { SoundDetectionRequest as _backend_SoundDetectionRequest, SoundDetectionRequest__Output as _backend_SoundDetectionRequest__Output } from './backend/SoundDetectionRequest.ts';
import type { SoundDetectionResponse as _backend_SoundDetectionResponse, SoundDetectionResponse__Output as _backend_SoundDetectionResponse__Output } from './backend/SoundDetectionResponse.ts';
import type { SoundGenerationRequest as _backend_SoundGenerationRequest, SoundGenerationRequest__Output as _backend_SoundGenerationRequest__Output } from './backend/SoundGenerationRequest.ts';
import type { StatusResponse as _backend_StatusResponse, StatusResponse__Output as _backend_StatusResponse__Output } from './backend/StatusResponse.ts';
import type { StoresDeleteOptions as _backend_StoresDeleteOptions, StoresDeleteOptions__Output as _backend_StoresDeleteOptions__Output } from './backend/StoresDeleteOptions.ts';
import type { StoresFindOptions as _backend_StoresFindOptions, StoresFindOptions__Output as _backend_StoresFindOptions__Output } from './backend/StoresFindOptions.ts';
import type { StoresFindResult as _backend_StoresFindResult, StoresFindResult__Output as _backend_StoresFindResult__Output } from './backend/StoresFindResult.ts';
import type { StoresGetOptions as _backend_StoresGetOptions, StoresGetOptions__Output as _backend_StoresGetOptions__Output } from './backend/StoresGetOptions.ts';
import type { StoresGetResult as _backend_StoresGetResult, StoresGetResult__Output as _backend_StoresGetResult__Output } from './backend/StoresGetResult.ts';
import type { StoresKey as _backend_StoresKey, StoresKey__Output as _backend_StoresKey__Output } from './backend/StoresKey.ts';
import type { StoresSetOptions as _backend_StoresSetOptions, StoresSetOptions__Output as _backend_StoresSetOptions__Output } from './backend/StoresSetOptions.ts';
import type { StoresValue as _backend_StoresValue, StoresValue__Output as _backend_StoresValue__Output } from './backend/StoresValue.ts';
import type { TTSRequest as _backend_TTSRequest, TTSRequest__Output as _backend_TTSRequest__Output } from './backend/TTSRequest.ts';
import type { TokenClassifyEntity as _backend_TokenClassifyEntity, TokenClassifyEntity__Output as _backend_TokenClassifyEntity__Output } from './backend/TokenClassifyEntity.ts';
import type { TokenClassifyRequest as _backend_TokenClassifyRequest, TokenClassifyRequest__Output as _backend_TokenClassifyRequest__Output } from './backend/TokenClassifyRequest.ts';
import type { TokenClassifyResponse as _backend_TokenClassifyResponse, TokenClassifyResponse__Output as _backend_TokenClassifyResponse__Output } from './backend/TokenClassifyResponse.ts';
import type { TokenLogProb as _backend_TokenLogProb, TokenLogProb__Output as _backend_TokenLogProb__Output } from './backend/TokenLogProb.ts';
import type { TokenizationResponse as _backend_TokenizationResponse, TokenizationResponse__Output as _backend_TokenizationResponse__Output } from './backend/TokenizationResponse.ts';
import type { ToolCallDelta as _backend_ToolCallDelta, ToolCallDelta__Output as _backend_ToolCallDelta__Output } from './backend/ToolCallDelta.ts';
import type { ToolFormatMarkers as _backend_ToolFormatMarkers, ToolFormatMarkers__Output as _backend_ToolFormatMarkers__Output } from './backend/ToolFormatMarkers.ts';
import type { TranscriptLiveAudio as _backend_TranscriptLiveAudio, TranscriptLiveAudio__Output as _backend_TranscriptLiveAudio__Output } from './backend/TranscriptLiveAudio.ts';
import type { TranscriptLiveConfig as _backend_TranscriptLiveConfig, TranscriptLiveConfig__Output as _backend_TranscriptLiveConfig__Output } from './backend/TranscriptLiveConfig.ts';
import type { TranscriptLiveRequest as _backend_TranscriptLiveRequest, TranscriptLiveRequest__Output as _backend_TranscriptLiveRequest__Output } from './backend/TranscriptLiveRequest.ts';
import type { TranscriptLiveResponse as _backend_TranscriptLiveResponse, TranscriptLiveResponse__Output as _backend_TranscriptLiveResponse__Output } from './backend/TranscriptLiveResponse.ts';
import type { TranscriptRequest as _backend_TranscriptRequest, TranscriptRequest__Output as _backend_TranscriptRequest__Output } from './backend/TranscriptRequest.ts';
import type { TranscriptResult as _backend_TranscriptResult, TranscriptResult__Output as _backend_TranscriptResult__Output } from './backend/TranscriptResult.ts';
import type { TranscriptSegment as _backend_TranscriptSegment, TranscriptSegment__Output as _backend_TranscriptSegment__Output } from './backend/TranscriptSegment.ts';
import type { TranscriptStreamResponse as _backend_TranscriptStreamResponse, TranscriptStreamResponse__Output as _backend_TranscriptStreamResponse__Output } from './backend/TranscriptStreamResponse.ts';
import type { TranscriptWord as _backend_TranscriptWord, TranscriptWord__Output as _backend_TranscriptWord__Output } from './backend/TranscriptWord.ts';
import type { UpscaleImageRequest as _backend_UpscaleImageRequest, UpscaleImageRequest__Output as _backend_UpscaleImageRequest__Output } from './backend/UpscaleImageRequest.ts';
import type { Usage as _backend_Usage, Usage__Output as _backend_Usage__Output } from './backend/Usage.ts';
import type { VADRequest as _backend_VADRequest, VADRequest__Output as _backend_VADRequest__Output } from './backend/VADRequest.ts';
import type { VADResponse as _backend_VADResponse, VADResponse__Output as _backend_VADResponse__Output } from './backend/VADResponse.ts';
import type { VADSegment as _backend_VADSegment, VADSegment__Output as _backend_VADSegment__Output } from './backend/VADSegment.ts';
import type { VoiceAnalysis as _backend_VoiceAnalysis, VoiceAnalysis__Output as _backend_VoiceAnalysis__Output } from './backend/VoiceAnalysis.ts';
import type { VoiceAnalyzeRequest as _backend_VoiceAnalyzeRequest, VoiceAnalyzeRequest__Output as _backend_VoiceAnalyzeRequest__Output } from './backend/VoiceAnalyzeRequest.ts';
import type { VoiceAnalyzeResponse as _backend_VoiceAnalyzeResponse, VoiceAnalyzeResponse__Output as _backend_VoiceAnalyzeResponse__Output } from './backend/VoiceAnalyzeResponse.ts';
import type { VoiceEmbedRequest as _backend_VoiceEmbedRequest, VoiceEmbedRequest__Output as _backend_VoiceEmbedRequest__Output } from './backend/VoiceEmbedRequest.ts';
import type { VoiceEmbedResponse as _backend_VoiceEmbedResponse, VoiceEmbedResponse__Output as _backend_VoiceEmbedResponse__Output } from './backend/VoiceEmbedResponse.ts';
import type { VoiceVerifyRequest as _backend_VoiceVerifyRequest, VoiceVerifyRequest__Output as _backend_VoiceVerifyRequest__Output } from './backend/VoiceVerifyRequest.ts';
import type { VoiceVerifyResponse as _backend_VoiceVerifyResponse, VoiceVerifyResponse__Output as _backend_VoiceVerifyResponse__Output } from './backend/VoiceVerifyResponse.ts';

type SubtypeConstructor<Constructor extends new (...args: any) => any, Subtype> = {
  new(...args: ConstructorParameters<Constructor>): Subtype;
};

export interface ProtoGrpcType {
  backend: {
    AudioDecodeRequest: MessageTypeDefinition<_backend_AudioDecodeRequest, _backend_AudioDecodeRequest__Output>
    AudioDecodeResult: MessageTypeDefinition<_backend_AudioDecodeResult, _backend_AudioDecodeResult__Output>
    AudioEncodeRequest: MessageTypeDefinition<_backend_AudioEncodeRequest, _backend_AudioEncodeRequest__Output>
    AudioEncodeResult: MessageTypeDefinition<_backend_AudioEncodeResult, _backend_AudioEncodeResult__Output>
    AudioToAudioConfig: MessageTypeDefinition<_backend_AudioToAudioConfig, _backend_AudioToAudioConfig__Output>
    AudioToAudioControl: MessageTypeDefinition<_backend_AudioToAudioControl, _backend_AudioToAudioControl__Output>
    AudioToAudioFrame: MessageTypeDefinition<_backend_AudioToAudioFrame, _backend_AudioToAudioFrame__Output>
    AudioToAudioRequest: MessageTypeDefinition<_backend_AudioToAudioRequest, _backend_AudioToAudioRequest__Output>
    AudioToAudioResponse: MessageTypeDefinition<_backend_AudioToAudioResponse, _backend_AudioToAudioResponse__Output>
    AudioTransformFrame: MessageTypeDefinition<_backend_AudioTransformFrame, _backend_AudioTransformFrame__Output>
    AudioTransformFrameRequest: MessageTypeDefinition<_backend_AudioTransformFrameRequest, _backend_AudioTransformFrameRequest__Output>
    AudioTransformFrameResponse: MessageTypeDefinition<_backend_AudioTransformFrameResponse, _backend_AudioTransformFrameResponse__Output>
    AudioTransformRequest: MessageTypeDefinition<_backend_AudioTransformRequest, _backend_AudioTransformRequest__Output>
    AudioTransformResult: MessageTypeDefinition<_backend_AudioTransformResult, _backend_AudioTransformResult__Output>
    AudioTransformStem: MessageTypeDefinition<_backend_AudioTransformStem, _backend_AudioTransformStem__Output>
    AudioTransformStreamConfig: MessageTypeDefinition<_backend_AudioTransformStreamConfig, _backend_AudioTransformStreamConfig__Output>
    Backend: SubtypeConstructor<typeof grpc.Client, _backend_BackendClient> & { service: _backend_BackendDefinition }
    CandidateScore: MessageTypeDefinition<_backend_CandidateScore, _backend_CandidateScore__Output>
    ChatDelta: MessageTypeDefinition<_backend_ChatDelta, _backend_ChatDelta__Output>
    CheckpointInfo: MessageTypeDefinition<_backend_CheckpointInfo, _backend_CheckpointInfo__Output>
    DepthRequest: MessageTypeDefinition<_backend_DepthRequest, _backend_DepthRequest__Output>
    DepthResponse: MessageTypeDefinition<_backend_DepthResponse, _backend_DepthResponse__Output>
    DetectOptions: MessageTypeDefinition<_backend_DetectOptions, _backend_DetectOptions__Output>
    DetectResponse: MessageTypeDefinition<_backend_DetectResponse, _backend_DetectResponse__Output>
    Detection: MessageTypeDefinition<_backend_Detection, _backend_Detection__Output>
    DetokenizeRequest: MessageTypeDefinition<_backend_DetokenizeRequest, _backend_DetokenizeRequest__Output>
    DetokenizeResponse: MessageTypeDefinition<_backend_DetokenizeResponse, _backend_DetokenizeResponse__Output>
    DiarizeRequest: MessageTypeDefinition<_backend_DiarizeRequest, _backend_DiarizeRequest__Output>
    DiarizeResponse: MessageTypeDefinition<_backend_DiarizeResponse, _backend_DiarizeResponse__Output>
    DiarizeSegment: MessageTypeDefinition<_backend_DiarizeSegment, _backend_DiarizeSegment__Output>
    DocumentResult: MessageTypeDefinition<_backend_DocumentResult, _backend_DocumentResult__Output>
    EmbeddingLayout: EnumTypeDefinition
    EmbeddingResult: MessageTypeDefinition<_backend_EmbeddingResult, _backend_EmbeddingResult__Output>
    ExportModelRequest: MessageTypeDefinition<_backend_ExportModelRequest, _backend_ExportModelRequest__Output>
    FaceAnalysis: MessageTypeDefinition<_backend_FaceAnalysis, _backend_FaceAnalysis__Output>
    FaceAnalyzeRequest: MessageTypeDefinition<_backend_FaceAnalyzeRequest, _backend_FaceAnalyzeRequest__Output>
    FaceAnalyzeResponse: MessageTypeDefinition<_backend_FaceAnalyzeResponse, _backend_FaceAnalyzeResponse__Output>
    FaceVerifyRequest: MessageTypeDefinition<_backend_FaceVerifyRequest, _backend_FaceVerifyRequest__Output>
    FaceVerifyResponse: MessageTypeDefinition<_backend_FaceVerifyResponse, _backend_FaceVerifyResponse__Output>
    FacialArea: MessageTypeDefinition<_backend_FacialArea, _backend_FacialArea__Output>
    FineTuneJobResult: MessageTypeDefinition<_backend_FineTuneJobResult, _backend_FineTuneJobResult__Output>
    FineTuneProgressRequest: MessageTypeDefinition<_backend_FineTuneProgressRequest, _backend_FineTuneProgressRequest__Output>
    FineTuneProgressUpdate: MessageTypeDefinition<_backend_FineTuneProgressUpdate, _backend_FineTuneProgressUpdate__Output>
    FineTuneRequest: MessageTypeDefinition<_backend_FineTuneRequest, _backend_FineTuneRequest__Output>
    FineTuneStopRequest: MessageTypeDefinition<_backend_FineTuneStopRequest, _backend_FineTuneStopRequest__Output>
    ForwardHeader: MessageTypeDefinition<_backend_ForwardHeader, _backend_ForwardHeader__Output>
    ForwardReply: MessageTypeDefinition<_backend_ForwardReply, _backend_ForwardReply__Output>
    ForwardRequest: MessageTypeDefinition<_backend_ForwardRequest, _backend_ForwardRequest__Output>
    Generate3DRequest: MessageTypeDefinition<_backend_Generate3DRequest, _backend_Generate3DRequest__Output>
    GenerateImageRequest: MessageTypeDefinition<_backend_GenerateImageRequest, _backend_GenerateImageRequest__Output>
    GenerateVideoRequest: MessageTypeDefinition<_backend_GenerateVideoRequest, _backend_GenerateVideoRequest__Output>
    GeneratedToken: MessageTypeDefinition<_backend_GeneratedToken, _backend_GeneratedToken__Output>
    GrammarTrigger: MessageTypeDefinition<_backend_GrammarTrigger, _backend_GrammarTrigger__Output>
    HealthMessage: MessageTypeDefinition<_backend_HealthMessage, _backend_HealthMessage__Output>
    ListCheckpointsRequest: MessageTypeDefinition<_backend_ListCheckpointsRequest, _backend_ListCheckpointsRequest__Output>
    ListCheckpointsResponse: MessageTypeDefinition<_backend_ListCheckpointsResponse, _backend_ListCheckpointsResponse__Output>
    MemoryUsageData: MessageTypeDefinition<_backend_MemoryUsageData, _backend_MemoryUsageData__Output>
    Message: MessageTypeDefinition<_backend_Message, _backend_Message__Output>
    MetricsRequest: MessageTypeDefinition<_backend_MetricsRequest, _backend_MetricsRequest__Output>
    MetricsResponse: MessageTypeDefinition<_backend_MetricsResponse, _backend_MetricsResponse__Output>
    ModelMetadataResponse: MessageTypeDefinition<_backend_ModelMetadataResponse, _backend_ModelMetadataResponse__Output>
    ModelOptions: MessageTypeDefinition<_backend_ModelOptions, _backend_ModelOptions__Output>
    PredictOptions: MessageTypeDefinition<_backend_PredictOptions, _backend_PredictOptions__Output>
    ProxyOptions: MessageTypeDefinition<_backend_ProxyOptions, _backend_ProxyOptions__Output>
    QuantizationJobResult: MessageTypeDefinition<_backend_QuantizationJobResult, _backend_QuantizationJobResult__Output>
    QuantizationProgressRequest: MessageTypeDefinition<_backend_QuantizationProgressRequest, _backend_QuantizationProgressRequest__Output>
    QuantizationProgressUpdate: MessageTypeDefinition<_backend_QuantizationProgressUpdate, _backend_QuantizationProgressUpdate__Output>
    QuantizationRequest: MessageTypeDefinition<_backend_QuantizationRequest, _backend_QuantizationRequest__Output>
    QuantizationStopRequest: MessageTypeDefinition<_backend_QuantizationStopRequest, _backend_QuantizationStopRequest__Output>
    Reply: MessageTypeDefinition<_backend_Reply, _backend_Reply__Output>
    RerankRequest: MessageTypeDefinition<_backend_RerankRequest, _backend_RerankRequest__Output>
    RerankResult: MessageTypeDefinition<_backend_RerankResult, _backend_RerankResult__Output>
    Result: MessageTypeDefinition<_backend_Result, _backend_Result__Output>
    ScoreRequest: MessageTypeDefinition<_backend_ScoreRequest, _backend_ScoreRequest__Output>
    ScoreResponse: MessageTypeDefinition<_backend_ScoreResponse, _backend_ScoreResponse__Output>
    SoundClass: MessageTypeDefinition<_backend_SoundClass, _backend_SoundClass__Output>
    SoundDetectionRequest: MessageTypeDefinition<_backend_SoundDetectionRequest, _backend_SoundDetectionRequest__Output>
    SoundDetectionResponse: MessageTypeDefinition<_backend_SoundDetectionResponse, _backend_SoundDetectionResponse__Output>
    SoundGenerationRequest: MessageTypeDefinition<_backend_SoundGenerationRequest, _backend_SoundGenerationRequest__Output>
    StatusResponse: MessageTypeDefinition<_backend_StatusResponse, _backend_StatusResponse__Output>
    StoresDeleteOptions: MessageTypeDefinition<_backend_StoresDeleteOptions, _backend_StoresDeleteOptions__Output>
    StoresFindOptions: MessageTypeDefinition<_backend_StoresFindOptions, _backend_StoresFindOptions__Output>
    StoresFindResult: MessageTypeDefinition<_backend_StoresFindResult, _backend_StoresFindResult__Output>
    StoresGetOptions: MessageTypeDefinition<_backend_StoresGetOptions, _backend_StoresGetOptions__Output>
    StoresGetResult: MessageTypeDefinition<_backend_StoresGetResult, _backend_StoresGetResult__Output>
    StoresKey: MessageTypeDefinition<_backend_StoresKey, _backend_StoresKey__Output>
    StoresSetOptions: MessageTypeDefinition<_backend_StoresSetOptions, _backend_StoresSetOptions__Output>
    StoresValue: MessageTypeDefinition<_backend_StoresValue, _backend_StoresValue__Output>
    TTSRequest: MessageTypeDefinition<_backend_TTSRequest, _backend_TTSRequest__Output>
    TokenClassifyEntity: MessageTypeDefinition<_backend_TokenClassifyEntity, _backend_TokenClassifyEntity__Output>
    TokenClassifyRequest: MessageTypeDefinition<_backend_TokenClassifyRequest, _backend_TokenClassifyRequest__Output>
    TokenClassifyResponse: MessageTypeDefinition<_backend_TokenClassifyResponse, _backend_TokenClassifyResponse__Output>
    TokenLogProb: MessageTypeDefinition<_backend_TokenLogProb, _backend_TokenLogProb__Output>
    TokenizationResponse: MessageTypeDefinition<_backend_TokenizationResponse, _backend_TokenizationResponse__Output>
    ToolCallDelta: MessageTypeDefinition<_backend_ToolCallDelta, _backend_ToolCallDelta__Output>
    ToolFormatMarkers: MessageTypeDefinition<_backend_ToolFormatMarkers, _backend_ToolFormatMarkers__Output>
    TranscriptLiveAudio: MessageTypeDefinition<_backend_TranscriptLiveAudio, _backend_TranscriptLiveAudio__Output>
    TranscriptLiveConfig: MessageTypeDefinition<_backend_TranscriptLiveConfig, _backend_TranscriptLiveConfig__Output>
    TranscriptLiveRequest: MessageTypeDefinition<_backend_TranscriptLiveRequest, _backend_TranscriptLiveRequest__Output>
    TranscriptLiveResponse: MessageTypeDefinition<_backend_TranscriptLiveResponse, _backend_TranscriptLiveResponse__Output>
    TranscriptRequest: MessageTypeDefinition<_backend_TranscriptRequest, _backend_TranscriptRequest__Output>
    TranscriptResult: MessageTypeDefinition<_backend_TranscriptResult, _backend_TranscriptResult__Output>
    TranscriptSegment: MessageTypeDefinition<_backend_TranscriptSegment, _backend_TranscriptSegment__Output>
    TranscriptStreamResponse: MessageTypeDefinition<_backend_TranscriptStreamResponse, _backend_TranscriptStreamResponse__Output>
    TranscriptWord: MessageTypeDefinition<_backend_TranscriptWord, _backend_TranscriptWord__Output>
    UpscaleImageRequest: MessageTypeDefinition<_backend_UpscaleImageRequest, _backend_UpscaleImageRequest__Output>
    Usage: MessageTypeDefinition<_backend_Usage, _backend_Usage__Output>
    VADRequest: MessageTypeDefinition<_backend_VADRequest, _backend_VADRequest__Output>
    VADResponse: MessageTypeDefinition<_backend_VADResponse, _backend_VADResponse__Output>
    VADSegment: MessageTypeDefinition<_backend_VADSegment, _backend_VADSegment__Output>
    VoiceAnalysis: MessageTypeDefinition<_backend_VoiceAnalysis, _backend_VoiceAnalysis__Output>
    VoiceAnalyzeRequest: MessageTypeDefinition<_backend_VoiceAnalyzeRequest, _backend_VoiceAnalyzeRequest__Output>
    VoiceAnalyzeResponse: MessageTypeDefinition<_backend_VoiceAnalyzeResponse, _backend_VoiceAnalyzeResponse__Output>
    VoiceEmbedRequest: MessageTypeDefinition<_backend_VoiceEmbedRequest, _backend_VoiceEmbedRequest__Output>
    VoiceEmbedResponse: MessageTypeDefinition<_backend_VoiceEmbedResponse, _backend_VoiceEmbedResponse__Output>
    VoiceVerifyRequest: MessageTypeDefinition<_backend_VoiceVerifyRequest, _backend_VoiceVerifyRequest__Output>
    VoiceVerifyResponse: MessageTypeDefinition<_backend_VoiceVerifyResponse, _backend_VoiceVerifyResponse__Output>
  }
}


import type { AbortOptions } from '../../base/signals.ts'
import type { PredictOptions__Output } from '../../grpc/generated/backend/PredictOptions.ts'
import type { GenerationTrailers } from '../../grpc/trailers.ts'
import { type AnswerPart, contentOf } from './answer-part.ts'
import type { ChatFormat, OutputParser } from './chat-format/chat-format.ts'
import { toChatInput } from './chat-request.ts'
import type { Engine, EngineModelInfo, GeneratedPiece, GenerateRequest, GenerationEnd } from './engine.ts'
import { type GenerationSettings, toGenerationSettings } from './predict-request.ts'
import { seedBehind, toResume } from './resume-request.ts'

export interface PredictDeps {
  readonly engine: Engine
  /** Made on the first chat request: a template that does not compile is no obstacle to plain prompts. */
  readonly chatFormat: () => Promise<ChatFormat>
}

/** One Predict or PredictStream call: chat through the model's template, or the prompt as it is. */
export async function* predict(
  { engine, chatFormat }: PredictDeps,
  request: PredictOptions__Output,
  options: Required<AbortOptions>,
): AsyncGenerator<AnswerPart, GenerationTrailers> {
  const settings = withResume(toGenerationSettings(request), request, engine.info)
  if (!isChat(request)) {
    const end = yield* plainAnswer(
      engine.generate({ ...settings, prompt: prompt(engine.info, request.Prompt) }, options),
    )
    return toTrailers(end, end.reason, settings.stop)
  }
  // Ids made here would be others on every node that the answer is carried to.
  const leavesCallIds = request.ReportGenerated || request.Resume.length > 0
  const answerGrammar = settings.grammar === undefined ? {} : { answerGrammar: settings.grammar }
  const rendered = (await chatFormat()).render({ ...toChatInput(request), ...answerGrammar, leavesCallIds })
  const { grammar } = rendered
  const generateRequest: GenerateRequest = {
    ...settings,
    prompt: prompt(engine.info, rendered.prompt),
    stop: [...settings.stop, ...rendered.stop],
    ...(grammar === undefined ? {} : { grammar }),
  }
  const end = yield* chatAnswer(engine.generate(generateRequest, options), rendered.parser)
  const calledTools = end.reason === 'stop' && rendered.parser.sawToolCall()
  return toTrailers(end, calledTools ? 'tool-calls' : end.reason, settings.stop)
}

/** Whether a request is a conversation to render, not a prompt. */
export function isChat(request: Pick<PredictOptions__Output, 'UseTokenizerTemplate' | 'Messages'>): boolean {
  return request.UseTokenizerTemplate && request.Messages.length > 0
}

function withResume(
  settings: GenerationSettings,
  request: PredictOptions__Output,
  info: EngineModelInfo,
): GenerationSettings {
  const { sampling } = settings
  const resume = toResume(request.Resume, info, { logprobs: settings.topLogprobs !== undefined })
  const seed = sampling.seed === undefined ? {} : { seed: seedBehind(sampling.seed, resume.length) }
  return {
    ...settings,
    ...(request.ReportGenerated ? { reportTokens: true } : {}),
    ...(resume.length > 0 ? { resume, sampling: { ...sampling, ...seed } } : {}),
  }
}

type Pieces = AsyncGenerator<GeneratedPiece, GenerationEnd>

async function* plainAnswer(pieces: Pieces): AsyncGenerator<AnswerPart, GenerationEnd> {
  const end = yield* eachPiece(pieces, (piece) => ({
    text: piece.text,
    deltas: [],
    logprobs: piece.logprobs ?? [],
    tokens: piece.tokens,
    generated: piece.generated ?? [],
  }))
  yield { text: '', deltas: [], logprobs: [], tokens: end.completionTokens, generated: [], end }
  return end
}

async function* chatAnswer(pieces: Pieces, parser: OutputParser): AsyncGenerator<AnswerPart, GenerationEnd> {
  const end = yield* eachPiece(pieces, (piece) => {
    const deltas = parser.push(piece.text)
    const { tokens, logprobs = [], generated = [] } = piece
    return { text: contentOf(deltas), deltas, logprobs, tokens, generated }
  })
  const deltas = parser.finish()
  yield { text: contentOf(deltas), deltas, logprobs: [], tokens: end.completionTokens, generated: [], end }
  return end
}

/** Parts that say nothing (a parser is still deciding) are not sent. */
async function* eachPiece(
  pieces: Pieces,
  toPart: (piece: GeneratedPiece) => AnswerPart,
): AsyncGenerator<AnswerPart, GenerationEnd> {
  try {
    for (;;) {
      const next = await pieces.next()
      if (next.done === true) return next.value
      const part = toPart(next.value)
      const tells = part.logprobs.length > 0 || part.generated.length > 0
      if (part.text !== '' || part.deltas.length > 0 || tells) yield part
    }
  } finally {
    await pieces.return(undefined as never)
  }
}

/** Templates write the beginning-of-sequence token out, and the engine would add it again. */
function prompt(info: EngineModelInfo, text: string): string {
  const doubled = info.addsBos && info.bosToken !== '' && text.startsWith(info.bosToken)
  return doubled ? text.slice(info.bosToken.length) : text
}

/** A stop string of the chat format's own is no business of the caller's. */
function toTrailers(
  end: GenerationEnd,
  finishReason: NonNullable<GenerationTrailers['finishReason']>,
  callersStops: readonly string[],
): GenerationTrailers {
  const stopSequence = callersStops.find((stop) => stop === end.stopSequence)
  return {
    finishReason,
    cachedTokens: end.cachedTokens,
    ...(stopSequence === undefined ? {} : { stopSequence }),
  }
}

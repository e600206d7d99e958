import type { PredictOptions__Output } from '../../grpc/generated/backend/PredictOptions.ts'
import { toChatInput } from './chat-request.ts'
import { isChat, type PredictDeps } from './predict.ts'

/**
 * What TokenizeString takes apart: the plain prompt, or, where the request is a chat, the prompt that a prediction would
 * render from it. LocalAI's backends know the first only, so callers send both.
 */
export async function textToTokenize(
  { engine, chatFormat }: PredictDeps,
  request: PredictOptions__Output,
): Promise<string> {
  if (!isChat(request)) return request.Prompt
  const { prompt } = (await chatFormat()).render({
    ...toChatInput(request),
    ...(request.Grammar === '' ? {} : { answerGrammar: request.Grammar }),
  })
  const { addsBos, bosToken } = engine.info
  // The engine puts it in front of a prompt only, not of any text.
  return addsBos && !prompt.startsWith(bosToken) ? bosToken + prompt : prompt
}

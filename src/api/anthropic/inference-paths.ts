import type { InferencePaths } from '../inference-route.ts'
import { toErrorBody, toErrorEvent } from './errors.ts'
import { StreamEvent } from './response-schema.ts'

export const MESSAGES: InferencePaths = {
  urls: ['/v1/messages', '/messages'],
  config: {
    inference: { endpoint: 'messages', capability: 'chat', brokenStream: toErrorEvent, carriesOn: true },
    errorShape: toErrorBody,
    events: StreamEvent,
  },
}

export const COUNT_TOKENS: InferencePaths = {
  urls: ['/v1/messages/count_tokens', '/messages/count_tokens'],
  config: { inference: { endpoint: 'tokenize', capability: 'chat' }, errorShape: toErrorBody },
}

import { duration, setting } from './setting.ts'

export const responsesSettings = {
  openResponsesStoreTtlMs: setting({
    flags: ['--open-responses-store-ttl'],
    env: ['LOCALAI_OPEN_RESPONSES_STORE_TTL', 'OPEN_RESPONSES_STORE_TTL'],
    fallback: 0,
    fallbackText: '0',
    help: 'How long a response of /v1/responses is kept after it was finished; 0: until there are too many',
    group: 'API',
    kind: duration,
  }),
} as const

import { count, duration, setting } from './setting.ts'

/** What an API takes. */
export const limitSettings = {
  uploadLimitMegabytes: setting({
    flags: ['--upload-limit'],
    env: ['LOCALAI_UPLOAD_LIMIT', 'UPLOAD_LIMIT'],
    fallback: 15,
    help: 'Largest request body in megabytes; beyond it 413',
    group: 'API',
    kind: count,
  }),
  shedLagMs: setting({
    flags: ['--shed-lag'],
    env: ['LOCALAI_SHED_LAG'],
    fallback: 500,
    fallbackText: '500ms',
    help: 'New inference requests get 503 while half of what this process does comes later than this; 0: never',
    group: 'API',
    kind: duration,
  }),
} as const

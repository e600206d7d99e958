import { AppError } from '../base/errors.ts'
import { count, duration, type Kind, setting } from './setting.ts'

/** Of nothing there is no largest body: a server cannot be started with it. */
const megabytes: Kind<number> = {
  ...count,
  parse(value) {
    const parsed = count.parse(value)
    if (parsed > 0) return parsed
    throw new AppError('config.invalid', `expected 1 or more but got "${value}"`)
  },
}

/** What an API takes. */
export const limitSettings = {
  uploadLimitMegabytes: setting({
    flags: ['--upload-limit'],
    env: ['LOCALAI_UPLOAD_LIMIT', 'UPLOAD_LIMIT'],
    fallback: 15,
    help: 'Largest request body in megabytes; beyond it 413',
    group: 'API',
    kind: megabytes,
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

import { optionalText, setting } from './setting.ts'

/** What only an entry without models has. */
export const entrySettings = {
  sharedAddress: setting({
    flags: ['--shared-address'],
    env: ['LOCALAI_SHARED_ADDRESS'],
    fallback: undefined,
    fallbackText: 'none',
    help: 'One more address, for clients only, that several entries of this machine listen on together: [HOST]:PORT',
    group: 'API',
    kind: optionalText,
  }),
} as const

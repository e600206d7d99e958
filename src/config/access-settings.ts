import { AppError } from '../base/errors.ts'
import { bool, type Kind, list, oneOf, optional, setting } from './setting.ts'

const DAY_MS = 24 * 3_600_000
const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  d: DAY_MS,
  w: 7 * DAY_MS,
  m: 30 * DAY_MS,
  y: 365 * DAY_MS,
}

/** `90d`, `1y`, `12h`, `2w`, `6m` (months of 30 days). Milliseconds. */
const longTime: Kind<number> = {
  placeholder: 'TIME',
  parse(value) {
    const parts = /^(?<amount>\d{1,6})(?<unit>[hdwmy])$/.exec(value)?.groups
    const milliseconds = Number(parts?.['amount']) * (UNIT_MS[parts?.['unit'] ?? ''] ?? 0)
    if (parts === undefined || milliseconds === 0) {
      throw new AppError('config.invalid', `expected a time such as 12h, 90d, 2w, 6m or 1y but got "${value}"`)
    }
    return milliseconds
  },
}

/** The pages of LocalAI's web interfaces, old and new, and what they are made of. */
const PAGES = [
  '^/$',
  '^/browse/?$',
  '^/talk/?$',
  '^/p2p/?$',
  '^/chat/?$',
  '^/image/?$',
  '^/text2image/?$',
  '^/tts/?$',
  '^/static/.*$',
  '^/swagger.*$',
  '^/app(/.*)?$',
  '^/browse(/.*)?$',
  '^/login/?$',
  '^/explorer/?$',
  '^/assets/.*$',
]

const browserSettings = {
  cors: setting({
    flags: ['--cors'],
    env: ['LOCALAI_CORS', 'CORS'],
    fallback: false,
    help: 'Let only the pages of --cors-allow-origins read answers; without it those of all sites may, without cookies',
    group: 'API',
    kind: bool,
  }),
  corsAllowOrigins: setting({
    flags: ['--cors-allow-origins'],
    env: ['LOCALAI_CORS_ALLOW_ORIGINS', 'CORS_ALLOW_ORIGINS'],
    fallback: [],
    fallbackText: '',
    help: 'Origins whose pages may read answers when --cors is given: https://app.example; none named: all',
    group: 'API',
    kind: list,
  }),
  csrf: setting({
    flags: ['--csrf'],
    env: ['LOCALAI_CSRF'],
    fallback: false,
    help: 'Refuse changes that a page of another site asks for with a cookie; always so with accounts',
    group: 'API',
    kind: bool,
  }),
  allowedHosts: setting({
    flags: ['--allowed-hosts'],
    env: ['LOCALAI_ALLOWED_HOSTS'],
    fallback: [],
    fallbackText: 'addresses, localhost, names without a dot, the names of this machine',
    help: 'More host names that clients may ask for while no key protects the node: ai.example, *.lan; * for all',
    group: 'Hardening',
    kind: list,
  }),
} as const

const hardeningSettings = {
  opaqueErrors: setting({
    flags: ['--opaque-errors'],
    env: ['LOCALAI_OPAQUE_ERRORS'],
    fallback: false,
    help: 'Answer errors with their status and an empty body',
    group: 'Hardening',
    kind: bool,
  }),
  subtleKeyComparison: setting({
    flags: ['--use-subtle-key-comparison'],
    env: ['LOCALAI_SUBTLE_KEY_COMPARISON', 'LOCALAI_SUBTLEKEY_COMPARISON'],
    fallback: false,
    help: 'Accepted for compatibility: keys are always compared in constant time',
    group: 'Hardening',
    kind: bool,
  }),
  openGets: setting({
    flags: ['--disable-api-key-requirement-for-http-get'],
    env: ['LOCALAI_DISABLE_API_KEY_REQUIREMENT_FOR_HTTP_GET'],
    fallback: false,
    help: 'Ask for no key when a path of --http-get-exempted-endpoints is read with GET',
    group: 'Hardening',
    kind: bool,
  }),
  openGetPaths: setting({
    flags: ['--http-get-exempted-endpoints'],
    env: ['LOCALAI_HTTP_GET_EXEMPTED_ENDPOINTS'],
    fallback: PAGES,
    help: 'Regular expressions of these paths',
    group: 'Hardening',
    kind: list,
  }),
  insecure: setting({
    flags: ['--insecure'],
    env: ['LOCALAI_INSECURE'],
    fallback: false,
    help: 'Without keys and accounts, let other machines manage this node too',
    group: 'Hardening',
    kind: bool,
  }),
} as const

const accountSettings = {
  accounts: setting({
    flags: ['--auth-enabled'],
    env: ['LOCALAI_AUTH'],
    fallback: false,
    help: 'Users with accounts, sessions and API keys of their own, kept in --data-path; "local-ai users" makes the first',
    group: 'Accounts',
    kind: bool,
  }),
  registrationMode: setting({
    flags: ['--auth-registration-mode'],
    env: ['LOCALAI_REGISTRATION_MODE'],
    fallback: 'open',
    help: 'Who may register: everybody, everybody but an admin lets them in, or who has been invited',
    group: 'Accounts',
    kind: oneOf('open', 'approval', 'invite'),
  }),
  apiKeyExpiryMs: setting({
    flags: ['--default-api-key-expiry'],
    env: ['LOCALAI_DEFAULT_API_KEY_EXPIRY'],
    fallback: undefined,
    fallbackText: 'never',
    help: "How long a user's API key lasts when its maker does not say: 90d, 1y",
    group: 'Accounts',
    kind: optional(longTime),
  }),
} as const

/** Who is let in, for every command that serves the API. */
export const accessSettings = { ...browserSettings, ...hardeningSettings, ...accountSettings } as const

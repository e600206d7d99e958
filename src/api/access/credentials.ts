import type { IncomingHttpHeaders } from 'node:http'

/** An API key with which somebody has signed in on the web interface (`page-cookie.ts`). */
export const PAGE_COOKIE = 'page-key'

/** What a request shows to be let in, and where: only a cookie is sent by a browser without anybody's doing. */
export interface Credential {
  readonly secret: string
  readonly from: 'header' | 'session' | 'token' | 'page'
}

/**
 * Where LocalAI looks, in its order; the first that is not empty counts. A session is looked for only where there are
 * accounts: elsewhere the cookie of that name belongs to somebody else.
 */
export function credentialOf(
  headers: IncomingHttpHeaders,
  { sessions }: { readonly sessions: boolean },
): Credential | undefined {
  const { authorization, cookie = '' } = headers
  const given = [
    { secret: authorization?.replace(/^Bearer(?: |$)/i, ''), from: 'header' },
    { secret: headers['x-api-key'], from: 'header' },
    { secret: headers['xi-api-key'], from: 'header' },
    { secret: sessions ? cookieOf(cookie, 'session') : undefined, from: 'session' },
    { secret: cookieOf(cookie, 'token'), from: 'token' },
    { secret: cookieOf(cookie, PAGE_COOKIE), from: 'page' },
  ] as const
  for (const { secret, from } of given) {
    if (typeof secret === 'string' && secret.trim() !== '') return { secret: secret.trim(), from }
  }
  return undefined
}

function cookieOf(header: string, name: string): string | undefined {
  const pair = header.split(';').find((part) => part.trimStart().startsWith(`${name}=`))
  return pair?.slice(pair.indexOf('=') + 1)
}

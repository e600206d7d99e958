import type { IncomingHttpHeaders } from 'node:http'

/** Methods that change nothing (RFC 9110, section 9.2.1). */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Whether a browser sends this request for the page of another site, and it may change something. Browsers say so
 * themselves in `Sec-Fetch-Site` (Fetch Metadata, section 2.3), older ones tell where the page comes from in `Origin`;
 * who sends neither is no browser. Another port of the same machine is another site here.
 */
export function isCrossSiteChange(method: string, headers: IncomingHttpHeaders): boolean {
  return !SAFE.has(method) && isFromForeignPage(headers)
}

/** Whether a browser sends this request for the page of another site, as far as it says so. */
export function isFromForeignPage(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site']
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return isForeignPage(headers)
}

/** A page whose `Origin` is not the host that was asked. No page may send `X-Forwarded-Host` (see cors.ts): a proxy has. */
function isForeignPage({ origin, host, ...headers }: IncomingHttpHeaders): boolean {
  if (origin === undefined) return false
  const page = URL.canParse(origin) ? new URL(origin).host : ''
  return page === '' || ![host, headers['x-forwarded-host']].some((own) => String(own).toLowerCase() === page)
}

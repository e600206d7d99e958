import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'

const HOST = /^[\w.:[\]-]{1,255}$/
const PREFIX = /^(?:\/[\w.~%-]{1,128}){1,16}\/?$/

/**
 * The address under which the client reaches this API, with a slash at its end: what a reverse proxy says of it
 * (`X-Forwarded-Proto`, `-Host`, `-Prefix`), else what the request says.
 */
export function baseUrlOf(request: Pick<FastifyRequest, 'headers' | 'protocol'>): string {
  const { headers, protocol } = request
  const proto = forwarded(headers['x-forwarded-proto'], /^https?$/i)?.toLowerCase() ?? protocol
  const host = forwarded(headers['x-forwarded-host'], HOST) ?? forwarded(headers.host, HOST) ?? 'localhost'
  return `${proto}://${host}${prefixOf(request)}`
}

/** What a proxy says that it puts before every path, with a slash at its end: `/`, `/prefix/`. */
export function prefixOf({ headers }: Pick<FastifyRequest, 'headers'>): string {
  const prefix = forwarded(headers['x-forwarded-prefix'], PREFIX) ?? '/'
  return prefix.endsWith('/') ? prefix : `${prefix}/`
}

/** The path and query without what a proxy has put before it and not taken off again. */
export function urlWithoutPrefix({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>): string {
  if (headers['x-forwarded-prefix'] === undefined) return url
  const prefix = prefixOf({ headers }).slice(0, -1)
  const rest = url.slice(prefix.length)
  if (prefix === '' || !url.startsWith(prefix) || !/^(?:[/?]|$)/.test(rest)) return url
  return rest.startsWith('/') ? rest : `/${rest}`
}

/** The first of a list is the outermost proxy's word; what does not look like one is not believed. */
function forwarded(header: string | readonly string[] | undefined, shape: RegExp): string | undefined {
  const first =
    String(header ?? '')
      .split(',')[0]
      ?.trim() ?? ''
  return shape.test(first) ? first : undefined
}

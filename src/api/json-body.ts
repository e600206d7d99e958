import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AppError } from '../base/errors.ts'
import { parseForm } from './form-body.ts'

/** JSON schemas of tools nest; nothing honest nests deeper than this. */
const MAX_DEPTH = 128

/**
 * The value of a body by its content type, JSON or, where the route takes one, a form; else `request.invalid`. The size was
 * bounded by the server's limit, the depth is here.
 */
export type ReadJson = (request: FastifyRequest, body: Buffer) => Promise<unknown>

/**
 * Reads JSON bodies and forms, but for requests that keep their bytes because they may go to another node: their body is
 * the `Buffer` until somebody calls the function that is given back. `unwrap` gives the body that is meant.
 */
export function addJsonBody(
  app: FastifyInstance,
  keepsBytes: (request: FastifyRequest) => boolean,
  unwrap: (request: FastifyRequest, body: Buffer) => Buffer = (_request, body) => body,
): ReadJson {
  const parse = app.getDefaultJsonParser('error', 'error')
  const readJson: ReadJson = async (request, body) => {
    const contentType = request.headers['content-type'] ?? ''
    if (isForm(contentType)) return await parseForm(contentType, body)
    const text = body.toString('utf8')
    if (text.trim() === '') throw new AppError('request.invalid', 'the request body is empty')
    if (nestsDeeperThan(text, MAX_DEPTH)) {
      throw new AppError('request.invalid', `the request body is nested more than ${MAX_DEPTH} levels deep`)
    }
    return await new Promise((resolve, reject) => {
      void parse(request, text, (error, value: unknown) => {
        if (error === null) resolve(value)
        else reject(new AppError('request.invalid', whyNoJson(request), { cause: error }))
      })
    })
  }
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, async (request: FastifyRequest, body: Buffer) => {
    if (keepsBytes(request)) return body
    return isNoBody(request, body) ? undefined : await readJson(request, unwrap(request, body))
  })
  app.addContentTypeParser(
    'multipart/form-data',
    { parseAs: 'buffer' },
    async (request: FastifyRequest, body: Buffer) => {
      if (request.is404) return undefined
      if (request.routeOptions.config.form !== true) {
        throw new AppError('request.invalid', 'send the body as JSON with the header Content-Type: application/json')
      }
      return keepsBytes(request) ? body : await readJson(request, body)
    },
  )
  return readJson
}

/**
 * Whether nothing in the body is meant for anybody: the path leads nowhere, and that is the answer; or the route takes none,
 * and the client says `application/json` of everything it sends, nothing included.
 */
function isNoBody({ is404, routeOptions }: FastifyRequest, body: Buffer): boolean {
  return is404 || (body.length === 0 && routeOptions.schema?.body === undefined)
}

/** Clients that compress, or write UTF-16, say so. */
function whyNoJson({ headers }: Pick<FastifyRequest, 'headers'>): string {
  const coding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  if (coding !== 'identity') return 'the request body is compressed (Content-Encoding): send it as it is'
  const charset = /;\s*charset\s*=\s*"?([\w.-]+)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8'
  if (!/^(?:utf-?8|us-ascii)$/i.test(charset)) return 'the request body is not valid JSON: send it as UTF-8'
  return 'the request body is not valid JSON'
}

function isForm(contentType: string): boolean {
  return /^\s*multipart\/form-data(?:\s*;|\s*$)/i.test(contentType)
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** Counts brackets outside strings; exact for valid JSON, and anything else fails to parse afterwards. */
export function nestsDeeperThan(json: string, limit: number): boolean {
  let depth = 0
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) at = endOfString(json, at)
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1
    if (depth > limit) return true
  }
  return false
}

/** Index of the closing quote, or the end of the text when there is none. */
function endOfString(json: string, start: number): number {
  for (let quote = json.indexOf('"', start + 1); quote !== -1; quote = json.indexOf('"', quote + 1)) {
    let backslashes = 0
    while (json.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return quote
  }
  return json.length
}

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { AppError, type ErrorCode } from '../../base/errors.ts'
import { JOURNAL_HEADER, RESUME_HEADER } from '../../federation/journal/frames.ts'
import type { Continuity } from '../../inference/continuity.ts'
import { isNothingBegun } from '../error-response.ts'
import type {} from '../inference-route.ts'
import { JournalledResponse } from './journalled-response.ts'
import { readTokenRecords, toTokenPayload } from './token-records.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Set on the members' face when the one who asks keeps the tokens of the answer; see ARCHITECTURE.md. Asking for it is a
     * promise: whatever happens on the way of the answer and must not happen twice is told, too.
     */
    readonly continuity: Continuity | undefined
  }
}

/** More tokens than an entry keeps. */
const MAX_RESUME_BYTES = 5 * 1024 * 1024

/** Tells members the tokens of the answers that they ask for, and takes back those that were sampled elsewhere. */
export interface Journals {
  /** The client's body, without the tokens before it. */
  unwrap(request: FastifyRequest, body: Buffer): Buffer
}

export function addJournals(app: FastifyInstance): Journals {
  const resumed = new WeakMap<FastifyRequest, Continuity['resume']>()
  const responses = new WeakMap<FastifyRequest, JournalledResponse>()

  app.decorateRequest('continuity', {
    getter(): Continuity | undefined {
      const response = responses.get(this)
      if (response === undefined) return undefined
      response.carriesOn = true
      return {
        resume: resumed.get(this) ?? [],
        note(tokens) {
          if (tokens.length > 0) response.tokens(toTokenPayload(tokens))
        },
      }
    },
  })
  app.addHook('onRequest', async (request, reply) => {
    const asked = request.headers[JOURNAL_HEADER] === '1'
    const { raw } = reply
    if (!asked || request.routeOptions.config.inference?.carriesOn !== true) return
    if (!(raw instanceof JournalledResponse)) return
    raw.begin()
    responses.set(request, raw)
  })
  return {
    unwrap(request, body) {
      const told = request.headers[RESUME_HEADER]
      if (told === undefined) return body
      const length = Number(told)
      if (!Number.isInteger(length) || length < 0 || length > Math.min(body.length, MAX_RESUME_BYTES)) {
        throw new AppError('request.invalid', 'the tokens of the answer so far cannot be read')
      }
      resumed.set(request, readTokenRecords(body.subarray(0, length)))
      return body.subarray(length)
    },
  }
}

/** Writes what is no part of the answer. */
export function writeAside(response: FastifyReply['raw'], text: string): void {
  if (response instanceof JournalledResponse) response.aside(text)
  else response.write(text)
}

/**
 * Ends an answer that has begun in such a way that another node goes on with it. False where nobody would: nothing is
 * written then.
 */
export function handOn(response: FastifyReply['raw'], code: ErrorCode): boolean {
  if (!(response instanceof JournalledResponse) || !response.journalled || !response.carriesOn) return false
  if (!isNothingBegun(code) && code !== 'backend.died') return false
  response.handOn(code)
  return true
}

import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

/** Who sent a request, as far as this node knows. */
export interface Caller {
  /**
   * Tells callers apart and is no secret: the fingerprint of a key, or of an account. The same on every node that knows
   * the key. Undefined while the API is open: then everybody is the same one.
   */
  readonly id: string | undefined
  /** Whoever has an API key of the node is an admin; an account may be less. */
  readonly role: 'admin' | 'user'
}

export const ANYBODY: Caller = { id: undefined, role: 'user' }

/** Sixteen hexadecimal digits that belong to a key and do not give it away. */
export function fingerprintOf(key: string): string {
  return createHash('sha256').update(`local-ai caller ${key}`).digest('hex').slice(0, 16)
}

export type CallerOf = (request: FastifyRequest) => Caller

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any route sees the request. */
    readonly caller: Caller
  }
  interface FastifyContextConfig {
    /** `public`: needs no key; `admin`: for the owner of the node only. Absent: whoever may use the API. */
    access?: 'public' | 'admin'
  }
}

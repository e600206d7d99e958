import { createHmac, randomBytes } from 'node:crypto'
import type { FastifyRequest } from 'fastify'

/** Whether what is there now is what the request was made for. */
export type Expects = (content: string) => boolean

/** Of this process: a tag tells nothing about the secrets that it was made of. */
const key = randomBytes(32)

/** A strong validator of what a client has read (RFC 9110 section 8.8.3). Others from the next start on. */
export function entityTag(content: string): string {
  return `"${createHmac('sha256', key).update(content).digest('base64url').slice(0, 22)}"`
}

/** What `If-Match` asks for (RFC 9110 section 13.1.1); undefined: the request is for whatever is there. */
export function expectedBy({ headers }: Pick<FastifyRequest, 'headers'>): Expects | undefined {
  const wanted = headers['if-match']
  if (wanted === undefined || wanted.trim() === '*') return undefined
  const tags = new Set(wanted.split(',').map((tag) => tag.trim()))
  return (content) => tags.has(entityTag(content))
}

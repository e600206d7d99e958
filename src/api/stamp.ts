import { createHash, randomBytes, randomUUID } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { HOME_HEADER, STAMP_HEADER } from '../federation/routed-request.ts'
import type { Stamp } from '../inference/continuity.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Made on first use; on the members' face it is the one that the entry has made. */
    readonly stamp: Stamp
    /** What the stamp was made of: whoever has it can make the same one. For members only. */
    readonly stampText: string
    /** Ten hexadecimal digits: the home that ids made for this request carry. Undefined: this node's own. */
    readonly toldHome: string | undefined
  }
}

/** `<32 hexadecimal digits>.<unix milliseconds>` */
const FORM = /^([0-9a-f]{32})\.(\d{1,15})$/

const HOME_FORM = /^[0-9a-f]{10}$/

const HIGHEST = 2 ** 32

/** Gives every request its stamp. `toMembers`: the one that comes in the header counts; clients cannot choose theirs. */
export function addStamps(app: FastifyInstance, { toMembers }: { readonly toMembers: boolean }): void {
  const stamps = new WeakMap<FastifyRequest, Stamp>()
  const texts = new WeakMap<FastifyRequest, string>()
  app.decorateRequest('stampText', {
    getter() {
      const told = toMembers ? this.headers[STAMP_HEADER] : undefined
      const text = texts.get(this) ?? (typeof told === 'string' && FORM.test(told) ? told : newStamp())
      texts.set(this, text)
      return text
    },
  })
  app.decorateRequest('stamp', {
    getter() {
      const known = stamps.get(this)
      if (known !== undefined) return known
      const stamp = readStamp(this.stampText)
      stamps.set(this, stamp)
      return stamp
    },
  })
  app.decorateRequest('toldHome', {
    getter() {
      const told = toMembers ? this.headers[HOME_HEADER] : undefined
      return typeof told === 'string' && HOME_FORM.test(told) ? told : undefined
    },
  })
}

export function newStamp(): string {
  // Drawn from a pool: a tenth of the time that bytes of one's own take.
  return `${randomUUID().replaceAll('-', '')}.${Date.now()}`
}

/** A text of another form makes a stamp of its own, which nobody else can make. */
export function readStamp(text: string): Stamp {
  const [, key = randomBytes(16).toString('hex'), createdUnixMs = Date.now()] = FORM.exec(text) ?? []
  const digits = (label: string): string => createHash('sha256').update(`${key} ${label}`).digest('hex').slice(0, 32)
  return {
    createdUnixMs: Number(createdUnixMs),
    digits,
    number: (label) => Number.parseInt(digits(label).slice(0, 8), 16) / HIGHEST,
  }
}

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { SessionSecret } from '../../accounts/account.ts'
import { PAGE_COOKIE } from './credentials.ts'

/** Not for scripts, not for requests that other sites cause (but for links to here), and only encrypted if it came so. */
const ATTRIBUTES = ['Path=/', 'HttpOnly', 'SameSite=Lax']

/** The browser is signed in from now on. */
export function keepSession(reply: FastifyReply, { secret, expiresAt }: SessionSecret): void {
  const seconds = Math.max(0, Math.floor((expiresAt - Date.now()) / 1000))
  setCookie(reply, secret, seconds)
}

/** The browser is signed out. */
export function forgetSession(reply: FastifyReply): void {
  setCookie(reply, '', 0)
}

/** The web interface shows this key from now on, until the browser is closed. It is for pages of this node only. */
export function keepPageKey(reply: FastifyReply, key: string): void {
  addCookie(reply, [`${PAGE_COOKIE}=${key}`, 'Path=/', 'HttpOnly', 'SameSite=Strict'])
}

export function forgetPageKey(reply: FastifyReply): void {
  addCookie(reply, [`${PAGE_COOKIE}=`, 'Path=/', 'HttpOnly', 'SameSite=Strict', 'Max-Age=0'])
}

/** There is never more than one: what an earlier step has set is replaced. */
function setCookie(reply: FastifyReply, value: string, maxAgeSeconds: number): void {
  reply.removeHeader('set-cookie')
  addCookie(reply, [`session=${value}`, ...ATTRIBUTES, `Max-Age=${maxAgeSeconds}`])
}

function addCookie(reply: FastifyReply, parts: readonly string[]): void {
  reply.header('Set-Cookie', [...parts, ...(isEncrypted(reply.request) ? ['Secure'] : [])].join('; '))
  reply.header('Cache-Control', 'no-store')
}

/** Encryption ends at a proxy, which says so. */
function isEncrypted({ headers }: FastifyRequest): boolean {
  return /^https\b/i.test(String(headers['x-forwarded-proto'] ?? ''))
}

import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, anySignal, raceSignal } from '../../base/signals.ts'
import { isLoopbackAddress, isPrivateAddress, literalAddress } from './addresses.ts'
import { describeUrl } from './uri.ts'

export interface GuardRules {
  /** Plain `http:` to any host. To a host of this machine it is enough to allow private addresses. */
  readonly allowHttp: boolean
  /** Addresses of this machine and its network: off for what strangers may name. */
  readonly allowPrivateAddresses: boolean
  /** Origins that the operator has named, such as a hub mirror in the own network: reached whatever the address. */
  readonly trustedOrigins: readonly string[]
  readonly maxBytes: number
}

/** Refuses a URL before anything is asked of it. Names are checked again, on their addresses, when connecting. */
export function checkUrl(url: URL, rules: GuardRules): void {
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw refused(url, `only https is fetched, not ${url.protocol}`)
  }
  if (url.username !== '' || url.password !== '') throw refused(url, 'it has a user name or a password in it')
  if (isTrusted(url, rules)) return
  const address = literalAddress(url.hostname)
  if (address !== undefined && isPrivateAddress(address) && !rules.allowPrivateAddresses) throw privateRefusal(url)
  if (url.protocol === 'http:' && !rules.allowHttp && !(rules.allowPrivateAddresses && isThisMachine(url))) {
    throw refused(url, 'it is not encrypted; use https')
  }
}

/** Where a redirect leads, checked like a first address. */
export function redirectTarget(from: URL, location: string, rules: GuardRules): URL {
  if (!URL.canParse(location, from.href)) throw refused(from, 'it redirects to something that is not a URL')
  const next = new URL(location, from)
  checkUrl(next, rules)
  if (from.protocol === 'https:' && next.protocol === 'http:' && !isTrusted(next, rules) && !rules.allowHttp) {
    throw refused(next, 'an encrypted address redirects to it, which is not encrypted')
  }
  return next
}

export function isTrusted(url: URL, rules: GuardRules): boolean {
  return rules.trustedOrigins.some((origin) => URL.canParse(origin) && new URL(origin).origin === url.origin)
}

/** Says what is too large. The limit holds for what is announced and, while streaming, for what arrives. */
export function checkSize(bytes: number, rules: Pick<GuardRules, 'maxBytes'>, what: string): void {
  if (bytes <= rules.maxBytes) return
  throw new AppError('download.refused', `${what} is larger than the limit of ${rules.maxBytes} bytes`, {
    details: { bytes, maxBytes: rules.maxBytes },
  })
}

/**
 * A DNS look-up for `net.connect` that fails when a name leads to a private address. The connection uses the very
 * addresses that were checked, so a name that answers differently the second time gains nothing.
 */
export function guardedLookup(lookup: LookupFunction = systemLookup as LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true } as LookupOptions, (error, found) => {
      const addresses = (Array.isArray(found) ? found : []) as LookupAddress[]
      if (error !== null) return callback(error, '')
      const forbidden = addresses.find(({ address }) => isPrivateAddress(address))
      const [first] = addresses
      if (forbidden !== undefined) return callback(addressRefusal(hostname, forbidden.address), '')
      if (first === undefined) return callback(new AppError('download.failed', `${hostname} has no address`), '')
      if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

/** A network behind a proxy may not answer for names outside of it, and may take its time to say so. */
const NAME_LIMIT_MS = 2000

/**
 * For a URL that a proxy looks up: throws when its name is known here to lead to a private address. Of names that nobody
 * knows here, the proxy decides.
 */
export async function checkName(
  url: URL,
  { lookup }: { readonly lookup?: LookupFunction },
  { signal }: AbortOptions,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  guardedLookup(lookup)(url.hostname, { all: true }, (error) => {
    if (error instanceof AppError && error.code === 'download.refused') reject(error)
    else resolve()
  })
  const limit = AbortSignal.timeout(NAME_LIMIT_MS)
  await raceSignal(promise, anySignal(limit, signal)).catch((error: unknown) => {
    if (!limit.aborted || error instanceof AppError || signal?.aborted === true) throw error
  })
}

function addressRefusal(hostname: string, address: string): AppError {
  return new AppError('download.refused', `${hostname} leads to ${address}, an address of this machine's own network`)
}

function privateRefusal(url: URL): AppError {
  return refused(
    url,
    "it is an address of this machine's own network, which is not allowed without --allow-private-downloads",
  )
}

function isThisMachine(url: URL): boolean {
  const address = literalAddress(url.hostname)
  return address === undefined ? /^(?:.+\.)?localhost\.?$/i.test(url.hostname) : isLoopbackAddress(address)
}

function refused(url: URL, reason: string): AppError {
  const shown = url.protocol === 'https:' || url.protocol === 'http:' ? describeUrl(url) : url.protocol
  return new AppError('download.refused', `${shown} is not fetched: ${reason}`)
}

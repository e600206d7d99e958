import { BlockList, isIP } from 'node:net'
import { AppError } from './errors.ts'

/** Proxies that requests to other machines go through, by the scheme of what is asked for. */
export interface Proxies {
  /** As HTTP_PROXY and HTTPS_PROXY say it, a password included; empty: none. */
  readonly http: string
  readonly https: string
  /** Hosts that are asked directly, as NO_PROXY lists them. */
  readonly exempt: readonly string[]
}

export const NO_PROXIES: Proxies = { http: '', https: '', exempt: [] }

const SCHEMES = ['http:', 'https:']
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/**
 * HTTP_PROXY, HTTPS_PROXY and NO_PROXY (or in small letters) as programs in Go read them, LocalAI among them:
 * golang.org/x/net/http/httpproxy.
 */
export function readProxies(environment: Readonly<Record<string, string | undefined>>): Proxies {
  const named = (name: string): string => (environment[name] || environment[name.toLowerCase()] || '').trim()
  const exempt = named('NO_PROXY')
    .toLowerCase()
    .split(/[\s,]+/)
  return { http: named('HTTP_PROXY'), https: named('HTTPS_PROXY'), exempt: exempt.filter((entry) => entry !== '') }
}

/**
 * The proxy for a URL; undefined: it is asked directly, as this machine always is. Pure. An exemption is `*`, an address, a
 * range (`10.0.0.0/8`), a name with all below it (`example.com`), or only what is below (`.example.com`); each with a port
 * if need be. Throws `config.invalid` when the proxy would be of use and is none.
 */
export function proxyFor(url: URL, proxies: Proxies): URL | undefined {
  const isSecure = url.protocol === 'https:'
  const proxy = isSecure ? proxies.https : proxies.http
  if (proxy === '') return undefined
  const host = url.hostname
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '')
    .toLowerCase()
  if (isThisMachine(host)) return undefined
  const port = url.port || DEFAULT_PORTS[url.protocol]
  if (proxies.exempt.some((entry) => isExempt({ host, port }, entry))) return undefined
  return toProxy(proxy, isSecure ? 'HTTPS_PROXY' : 'HTTP_PROXY')
}

/** The message does without the value: there may be a password in it. */
function toProxy(value: string, name: string): URL {
  const text = value.includes('://') ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && url.hostname !== '' && SCHEMES.includes(url.protocol)) return url
  throw new AppError('config.invalid', `${name} is not the address of an HTTP proxy, like http://proxy.example:3128`)
}

function isExempt(
  { host, port }: { readonly host: string; readonly port: string | undefined },
  entry: string,
): boolean {
  if (entry === '*') return true
  if (entry.includes('/')) return isWithin(host, entry)
  if (isIP(entry) !== 0) return host === entry
  const [, name = '', only] = /^\[?(.*?)\]?(?::(\d+))?$/.exec(entry) ?? []
  if (only !== undefined && only !== port) return false
  // `*.example.com` is another way to write `.example.com`.
  const [, below] = /^\*?(\..*)$/.exec(name) ?? []
  return below === undefined ? host === name || host.endsWith(`.${name}`) : host.endsWith(below)
}

function isWithin(host: string, range: string): boolean {
  const [address = '', prefix] = range.split('/')
  const version = isIP(address)
  if (version === 0 || isIP(host) !== version || !/^\d{1,3}$/.test(prefix ?? '')) return false
  if (Number(prefix) > (version === 4 ? 32 : 128)) return false
  const list = new BlockList()
  const family = version === 4 ? 'ipv4' : 'ipv6'
  list.addSubnet(address, Number(prefix), family)
  return list.check(host, family)
}

function isThisMachine(host: string): boolean {
  return /^(?:(?:.+\.)?localhost|127(?:\.\d+){3}|::1)$/.test(host)
}

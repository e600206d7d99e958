import { isIP } from 'node:net'

/** Names that no stranger can make point here: the resolver of a browser or a private network answers for them. */
const PRIVATE_ENDINGS = ['.localhost', '.internal', '.home.arpa']

/**
 * Whether a client may ask for this host (the `Host` header). Against DNS rebinding: a page of `evil.example` whose name
 * suddenly means this machine may talk to it as to its own site, but has to say its own name here. An address cannot be
 * taken over like that, nor can a name without a dot, which no public name server knows. Beside these the names in
 * `allowed` count: `ai.example`, `*.example` for those below it, `*` for all.
 */
export function createHostCheck(allowed: readonly string[]): (host: string | undefined) => boolean {
  const names = allowed.map((name) => name.toLowerCase())
  return (host) => {
    // Every browser names the host; HTTP/1.0 need not.
    if (host === undefined) return true
    const name = hostNameOf(host)
    if (name === undefined) return false
    if (isIP(name) !== 0 || !name.includes('.')) return true
    return PRIVATE_ENDINGS.some((ending) => name.endsWith(ending)) || names.some((pattern) => fits(name, pattern))
  }
}

function fits(name: string, pattern: string): boolean {
  if (pattern === '*') return true
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern
}

/** `ai.example:8080` -> `ai.example`, `[::1]:80` -> `::1`; undefined for what is no host. */
export function hostNameOf(host: string): string | undefined {
  const parts = /^(?:\[(?<v6>[^\]]*)\]|(?<name>[^:[\]]+))(?::\d{1,5})?$/.exec(host.toLowerCase())?.groups
  const name = parts?.['v6'] ?? parts?.['name']
  return name?.replace(/\.$/, '')
}

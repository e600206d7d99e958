import { lookup } from 'node:dns/promises'
import { isIPv4 } from 'node:net'
import { multiaddr } from '@multiformats/multiaddr'
import { type AbortOptions, raceSignal } from '../../base/signals.ts'
import { isUseless } from '../host/host-addresses.ts'

const MAX_GIVEN = 48
const MAX_OF_A_NAME = 4
const FAMILIES: Readonly<Record<string, number>> = { dns4: 4, dns6: 6 }

/**
 * Multiaddresses of TCP ports with the names in them looked up, without peer ids, each once. What is malformed, has no
 * address or leads through a relay is left out. So whoever decides where to dial decides on the very address that is dialled.
 */
export async function resolveAddresses(texts: readonly string[], { signal }: AbortOptions = {}): Promise<string[]> {
  const found = await Promise.all(
    texts.slice(0, MAX_GIVEN).map(async (text) => {
      const parts = partsOf(text)
      if (parts === undefined) return []
      const { kind, host, port } = parts
      if (!kind.startsWith('dns')) return [`/${kind}/${host}/tcp/${port}`]
      const hosts = await raceSignal(lookup(host, { all: true, family: FAMILIES[kind] ?? 0 }), signal).catch(() => [])
      signal?.throwIfAborted()
      return hosts
        .slice(0, MAX_OF_A_NAME)
        .map(({ address }) => `/${isIPv4(address) ? 'ip4' : 'ip6'}/${address}/tcp/${port}`)
    }),
  )
  return [...new Set(found.flat())].filter((address) => !isUseless(address))
}

function partsOf(text: string): { readonly kind: string; readonly host: string; readonly port: string } | undefined {
  const [, kind = '', host = '', port = ''] =
    /^\/(ip4|ip6|dns[46]?)\/([^/]+)\/tcp\/(\d{1,5})(?:\/p2p\/[^/]+)?$/.exec(normal(text)) ?? []
  return host === '' ? undefined : { kind, host, port }
}

function normal(text: string): string {
  try {
    return multiaddr(text).toString()
  } catch {
    return ''
  }
}

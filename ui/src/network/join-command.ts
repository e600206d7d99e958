/** `/ip4/192.168.1.4/tcp/7946/p2p/…` -> `192.168.1.4:7946`; undefined for what is no such address. */
export function hostAndPort(multiaddress: string): string | undefined {
  const parts = /^\/(?<family>ip4|ip6|dns4|dns6|dns)\/(?<host>[^/]+)\/tcp\/(?<port>\d+)(?:\/p2p\/[^/]+)?$/.exec(
    multiaddress,
  )
  const { family = '', host = '', port = '' } = parts?.groups ?? {}
  if (parts === null) return undefined
  return family === 'ip6' ? `[${host}]:${port}` : `${host}:${port}`
}

/** Where another machine may call this one; loopback addresses are for programs of this machine only. */
export function bestAddress(addresses: readonly string[]): string | undefined {
  const known = addresses.map(hostAndPort).filter((address) => address !== undefined)
  return known.find((address) => !/^(?:127\.|\[::1\])/.test(address)) ?? known[0]
}

export const JOIN_KINDS = ['serve', 'lend', 'entry'] as const
export type JoinKind = (typeof JOIN_KINDS)[number]

const COMMANDS: Readonly<Record<JoinKind, string>> = {
  serve: 'local-ai run --p2p --federated',
  lend: 'local-ai worker p2p-llama-cpp-rpc',
  entry: 'local-ai federated',
}

/** What to type on the other machine. */
export function joinCommand(
  kind: JoinKind,
  { token, address }: { readonly token: string; readonly address: string | undefined },
): string {
  const reach = address === undefined ? '' : ` \\\n  --p2p-bootstrap ${address}`
  return `export TOKEN="${token}"\n${COMMANDS[kind]}${reach}`
}

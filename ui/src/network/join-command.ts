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
  serve: 'run --p2p --federated',
  lend: 'worker p2p-llama-cpp-rpc',
  entry: 'federated',
}

export interface JoinWords {
  /** How the program of this node was started; the other machine has it in the same way. */
  readonly program: string
  readonly token: string
  readonly address: string | undefined
}

/** What to type on the other machine. */
export function joinCommand(kind: JoinKind, { program, token, address }: JoinWords): string {
  const reach = address === undefined ? '' : ` \\\n  --p2p-bootstrap ${address}`
  return `export TOKEN="${token}"\n${program} ${COMMANDS[kind]}${reach}`
}

/** What has to be there before the command can be typed. */
export function joinPreparation(program: string): string {
  if (program.startsWith('npm ')) return 'Clone local-ai there too, and run in its folder:'
  if (program.startsWith('npx ')) return 'With Node 24 there, run:'
  return 'Install local-ai there, and run:'
}

import { type Duplex, duplexPair } from 'node:stream'

/** The two ends of a connection inside this process. Either end that closes takes the other with it. */
export function linkedPair({ remoteAddress }: { readonly remoteAddress: string }): {
  /** For the server, which sees `remoteAddress`. */
  readonly theirs: Duplex
  readonly ours: Duplex
} {
  const [theirs, ours] = duplexPair()
  Object.assign(theirs, { remoteAddress })
  for (const [one, other] of [
    [theirs, ours],
    [ours, theirs],
  ] as const) {
    // An error that nobody listens to would end the process; whoever uses the other end sees it close.
    one.on('error', () => {})
    one.once('close', () => other.destroy())
  }
  return { theirs, ours }
}

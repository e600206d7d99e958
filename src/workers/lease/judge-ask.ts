import { AppError } from '../../base/errors.ts'
import { formatBytes } from '../../base/format-bytes.ts'
import type { PeerView } from '../../p2p/network.ts'
import type { LeaseWords } from './lease-words.ts'

/** Who may borrow, and what. */
export interface LendingTerms {
  readonly group: string
  /** Peer ids, or names of nodes; empty: every member of the group. */
  readonly to: readonly string[]
  /** '' where it is not known: a server that somebody else runs. */
  readonly build: string
  readonly protocol: string
  readonly lendableBytes: number
}

/**
 * The user, if it may have a lease, or why not. What differs in build or protocol is refused before a byte of a
 * model moves: such engines misread each other. Pure.
 */
export function judgeAsk(
  words: LeaseWords,
  { user, terms }: { readonly user: PeerView | undefined; readonly terms: LendingTerms },
): PeerView | AppError {
  if (user === undefined) return notAllowed('this worker does not know the node that asks: its link is not there yet')
  const { peerId, name, offer } = user.record
  if (offer.group !== terms.group) return notAllowed('this worker lends to nodes of another group')
  if (!isNamed({ peerId, name }, terms.to)) {
    return notAllowed('this worker lends to certain nodes only (--lend-to), and not to this one')
  }
  if (words.protocol !== terms.protocol || (terms.build !== '' && words.build !== terms.build)) {
    const message = `this worker runs ggml ${terms.build} (RPC ${terms.protocol}), the node ${words.build} (RPC ${words.protocol}): install the same version of local-ai on both`
    return new AppError('worker.mismatch', message)
  }
  if (words.memoryBytes > terms.lendableBytes) {
    const wanted = `${formatBytes(words.memoryBytes)} were asked for`
    return new AppError('worker.refused', `this worker can lend ${formatBytes(terms.lendableBytes)}, and ${wanted}`)
  }
  return user
}

/** Whether the operator lends to it. Pure. */
export function isNamed(user: { readonly peerId: string; readonly name: string }, to: LendingTerms['to']): boolean {
  return to.length === 0 || to.includes(user.peerId) || to.includes(user.name)
}

function notAllowed(message: string): AppError {
  return new AppError('worker.refused', message, { details: { notAllowed: true } })
}

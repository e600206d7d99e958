import type { PrivateKey } from '@libp2p/interface'
import { AppError } from '../../base/errors.ts'
import { NewestMap } from '../../base/newest-map.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { changed, type Exclusion, exclusionOf, type Listed, type Roster, type RosterChange } from './roster.ts'
import { openRoster, type SignedRoster, sealRoster } from './roster-codec.ts'

/** `same` and `older`: what this node has counts. `refused`: it is no word of the owner's. */
export type TakeOutcome = 'newer' | 'same' | 'older' | 'refused'

/** What this node knows of who may be in the network. */
export interface RosterKeeper {
  current(): SignedRoster | undefined
  /** Undefined: the peer may be in the network. Cheap: asked for each connection and each word of others. */
  exclusionOf(peerId: string): Exclusion | undefined
  /** Takes a roster over if it is newer than what is known; it is kept before this resolves, if it can be. */
  take(bytes: Uint8Array): Promise<TakeOutcome>
  /** Tries again to keep what could not be kept. Never rejects, and costs nothing when there is nothing to do. */
  keep(): Promise<void>
  /** Called when a newer one has been taken or made. */
  onChange(listener: () => void): () => void
  /** Whether this node has the owner's key. */
  readonly isOwner: boolean
  /**
   * The owner's next word. `present`: who is in the network now. Throws `request.forbidden` on a node that has not the
   * owner's key, `request.invalid` for what cannot be said.
   */
  decide(change: RosterChange, present: readonly Listed[]): Promise<Roster>
  /** A node with the token wanted to come in and was not admitted. */
  knocked(peerId: string): void
  /** Who has knocked lately, the newest last. */
  knocks(): readonly string[]
}

export interface RosterKeeperDeps {
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
  /** Keeps it for the next start. */
  readonly save: (bytes: Uint8Array) => Promise<void>
  /** The owner's private key, on the node that has it. */
  readonly ownerPrivateKey?: PrivateKey | undefined
  /** Unix milliseconds. */
  readonly now?: () => number
}

export interface RosterKeeperInit {
  readonly networkId: string
  /** As the token has it. Absent in a token of LocalAI: nobody owns its network, and nobody can be removed. */
  readonly ownerKey: string | undefined
  /** This node's peer id. */
  readonly self: string
  /** What was kept at the last start. */
  readonly kept?: Uint8Array | undefined
}

const MAX_KNOCKS = 32

/** For who only looks in: everybody is welcome, and what the owner says is not kept. */
export const NO_ROSTER: Pick<RosterKeeper, 'current' | 'exclusionOf' | 'take' | 'keep' | 'onChange' | 'knocked'> = {
  current: () => undefined,
  exclusionOf: () => undefined,
  take: async () => 'same',
  keep: async () => {},
  onChange: () => () => {},
  knocked: () => {},
}

/** Reads what was kept; that of another network, or a damaged one, is left aside. */
export async function createRosterKeeper(deps: RosterKeeperDeps, init: RosterKeeperInit): Promise<RosterKeeper> {
  const { log, save, ownerPrivateKey, now = Date.now } = deps
  const { networkId, ownerKey, self } = init
  const listeners = new Set<() => void>()
  const knocks = new NewestMap<string, true>(MAX_KNOCKS)
  let current: SignedRoster | undefined
  let isKept = true
  let working: Promise<unknown> = Promise.resolve()

  async function open(bytes: Uint8Array) {
    if (ownerKey === undefined) return { refused: 'the token of this network names no owner' }
    return await openRoster(bytes, { ownerKey, networkId })
  }
  /** What was heard counts from now on, also when it cannot be kept. */
  async function use(signed: SignedRoster): Promise<void> {
    current = signed
    const { number, removed, admitted, open } = signed.roster
    log.info({ number, open, admitted: admitted.length, removed: removed.length }, 'the owner has said who may be here')
    if (exclusionOf(signed.roster, self) === 'removed')
      log.error('this node was removed from the network by its owner: the others talk to it no longer')
    for (const listener of [...listeners]) listener()
    isKept = false
    await keep((reason) => log.warn({ reason }, 'who may be here could not be kept for the next start: trying on'))
  }
  async function keep(onFailure: (reason: string) => void): Promise<void> {
    if (isKept || current === undefined) return
    try {
      await save(current.bytes)
      isKept = true
    } catch (error) {
      onFailure(AppError.from(error, 'internal').message)
    }
  }
  async function takeNext(bytes: Uint8Array): Promise<TakeOutcome> {
    if (current !== undefined && Buffer.compare(current.bytes, bytes) === 0) return 'same'
    const opened = await open(bytes)
    if ('refused' in opened) {
      // The link that it came on is closed for it, and that is a line.
      log.debug({ reason: opened.refused }, 'a roster that a member told is not believed')
      return 'refused'
    }
    const { signed } = opened
    const order = current === undefined ? 1 : compare(signed, current)
    if (order <= 0) return order === 0 ? 'same' : 'older'
    await use(signed)
    return 'newer'
  }
  /** One after the other: two that arrive together are compared with each other, too. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = working.then(work)
    working = result.catch(() => {})
    return result
  }

  if (init.kept !== undefined) {
    const opened = await open(init.kept)
    if ('signed' in opened) current = opened.signed
    else log.warn({ reason: opened.refused }, 'the roster that was kept is not believed')
  }
  return {
    isOwner: ownerPrivateKey !== undefined,
    current: () => current,
    exclusionOf: (peerId) => (peerId === self ? undefined : exclusionOf(current?.roster, peerId)),
    take: (bytes) => inTurn(() => takeNext(bytes)),
    // It was said once that it failed.
    keep: async () => (isKept ? undefined : await inTurn(() => keep(() => {}))),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    decide: (change, present) =>
      inTurn(async () => {
        if (ownerPrivateKey === undefined) throw notOwner(ownerKey)
        if (change.remove?.some(({ peerId }) => peerId === self) === true)
          throw new AppError('request.invalid', 'this node speaks for the owner: it cannot remove itself')
        if (change.remove?.some(({ peerId }) => change.admit?.some((one) => one.peerId === peerId) === true) === true)
          throw new AppError('request.invalid', 'one node cannot be removed and admitted at once')
        const roster = changed(current?.roster, change, { networkId, unixMs: now(), present })
        const signed = await sealRoster(roster, ownerPrivateKey)
        await use(signed)
        return roster
      }),
    knocked: (peerId) => void knocks.set(peerId, true),
    knocks: () => [...knocks.keys()].filter((peerId) => exclusionOf(current?.roster, peerId) === 'not-admitted'),
  }
}

/** An owner who speaks from two machines may use one number twice: everybody then takes the same of the two. */
function compare(one: SignedRoster, other: SignedRoster): number {
  return one.roster.number - other.roster.number || (one.id < other.id ? -1 : Number(one.id > other.id))
}

function notOwner(ownerKey: string | undefined): AppError {
  return new AppError(
    'request.forbidden',
    ownerKey === undefined
      ? 'the token of this network names no owner, so nobody can say who may be in it: found one with run --p2p, or make a token with p2p token --new --owner-key FILE'
      : 'only the owner says who may be in the network: ask the node that founded it, or bring its owner.key to the p2p folder of this one',
  )
}

import Type from 'typebox'
import { Compile } from 'typebox/compile'

/** A node as its network's owner means it. */
export interface Listed {
  readonly peerId: string
  /** How it was called then; '' when nobody knew. For people. */
  readonly name: string
}

/** Who may be in a network, as its owner has said last. Without one, whoever has the token. */
export interface Roster {
  readonly networkId: string
  /** Counts up from 1: the greater one counts. */
  readonly number: number
  readonly issuedUnixMs: number
  /** Whether whoever has the token may join unasked; those that were removed never may. */
  readonly open: boolean
  /** Who may be in a network that is not open. */
  readonly admitted: readonly Listed[]
  readonly removed: readonly Listed[]
}

/** Why a node may not be in the network. */
export type Exclusion = 'removed' | 'not-admitted'

/** Of each list; the mesh has 256 links. All of them have room in the bytes below, at least without their names. */
export const MAX_LISTED = 400
/** The last moment that a `Date` can be. */
const MAX_DATE_MS = 8.64e15
const MAX_NAME_LENGTH = 63
/** As for records, which travel the same way. */
export const MAX_ROSTER_BYTES = 64 * 1024

const PeerId = Type.String({ pattern: '^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$' })
const ListedSchema = Type.Object({ peerId: PeerId, name: Type.String({ maxLength: MAX_NAME_LENGTH }) })
const RosterSchema = Compile(
  Type.Object({
    networkId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    number: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
    issuedUnixMs: Type.Integer({ minimum: 0, maximum: MAX_DATE_MS }),
    open: Type.Boolean(),
    admitted: Type.Array(ListedSchema, { maxItems: MAX_LISTED }),
    removed: Type.Array(ListedSchema, { maxItems: MAX_LISTED }),
  }),
)

/** Undefined for what is none, or is beyond the bounds. */
export function parseRoster(payload: Uint8Array): Roster | undefined {
  if (payload.byteLength > MAX_ROSTER_BYTES) return undefined
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString('utf8'))
    return RosterSchema.Check(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Undefined: it may be in the network. */
export function exclusionOf(roster: Roster | undefined, peerId: string): Exclusion | undefined {
  if (roster === undefined) return undefined
  const isIn = (list: readonly Listed[]): boolean => list.some((one) => one.peerId === peerId)
  if (isIn(roster.removed)) return 'removed'
  return roster.open || isIn(roster.admitted) ? undefined : 'not-admitted'
}

/** What the owner wants to be otherwise. */
export interface RosterChange {
  readonly remove?: readonly Listed[]
  readonly admit?: readonly Listed[]
  readonly open?: boolean
}

/**
 * The next roster. Who is removed still has the token and could come again under a new key, so a network from which
 * somebody was removed is no longer open, and those that are in it now are admitted.
 */
export function changed(
  before: Roster | undefined,
  { remove = [], admit = [], open }: RosterChange,
  now: { readonly networkId: string; readonly unixMs: number; readonly present: readonly Listed[] },
): Roster {
  const isOpen = open ?? ((before?.open ?? true) && remove.length === 0)
  const gone = new Set(remove.map(({ peerId }) => peerId))
  const back = new Set(admit.map(({ peerId }) => peerId))
  const removed = [...(before?.removed ?? []), ...remove].filter(({ peerId }) => !back.has(peerId))
  const isRemoved = new Set(removed.map(({ peerId }) => peerId))
  // Whoever was let in by the token alone stays when that is over.
  const present = (before?.open ?? true) && !isOpen ? now.present : []
  const admitted = [...(before?.admitted ?? []), ...present, ...admit].filter(
    ({ peerId }) => !gone.has(peerId) && !isRemoved.has(peerId),
  )
  return withNamesThatFit({
    networkId: now.networkId,
    number: (before?.number ?? 0) + 1,
    issuedUnixMs: now.unixMs,
    open: isOpen,
    admitted: newestOfEach(admitted),
    removed: newestOfEach(removed),
  })
}

/** Members choose their names: long ones must not keep the owner from saying who goes. */
function withNamesThatFit(roster: Roster): Roster {
  let fitting = roster
  for (let most = MAX_NAME_LENGTH; most > 0 && bytesOf(fitting) > MAX_ROSTER_BYTES; ) {
    most = Math.floor(most / 2)
    const cut = ({ peerId, name }: Listed): Listed => ({ peerId, name: name.slice(0, most).toWellFormed() })
    fitting = { ...roster, admitted: roster.admitted.map(cut), removed: roster.removed.map(cut) }
  }
  return fitting
}

function bytesOf(roster: Roster): number {
  return Buffer.byteLength(JSON.stringify(roster))
}

/** The last name that is known of each. */
function newestOfEach(list: readonly Listed[]): readonly Listed[] {
  const named = new Map<string, Listed>()
  for (const one of list) {
    const name = one.name === '' ? (named.get(one.peerId)?.name ?? '') : one.name
    named.set(one.peerId, { peerId: one.peerId, name: name.slice(0, MAX_NAME_LENGTH).toWellFormed() })
  }
  return [...named.values()]
}

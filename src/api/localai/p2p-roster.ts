import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import type { RosterKeeper } from '../../p2p/roster/create-roster-keeper.ts'
import type { Listed } from '../../p2p/roster/roster.ts'

export interface RosterDeps {
  /** Absent when the node is in no network. */
  readonly roster: Pick<RosterKeeper, 'current' | 'decide' | 'exclusionOf' | 'knocks' | 'isOwner'> | undefined
  /** Who is in the network now, this node among them. */
  readonly present: () => readonly (Listed & { readonly online: boolean })[]
}

/** `token`: in an open network by the token alone. `asking`: has the token, and was not admitted. */
const Standing = Type.Enum(['token', 'admitted', 'removed', 'asking'])
const State = Type.Object({
  owner: Type.Boolean(),
  open: Type.Boolean(),
  number: Type.Integer(),
  issued_at: Type.Union([Type.String(), Type.Null()]),
  nodes: Type.Array(
    Type.Object({ name: Type.String(), id: Type.String(), standing: Standing, online: Type.Boolean() }),
  ),
})
type State = Type.Static<typeof State>

const Names = Type.Array(Type.String({ minLength: 1, maxLength: 256 }), { minItems: 1, maxItems: 64 })
const Change = Type.Object(
  { revoke: Type.Optional(Names), admit: Type.Optional(Names), open: Type.Optional(Type.Boolean()) },
  { minProperties: 1 },
)

const config = { access: 'admin' } as const
const about = (summary: string) => ({ tags: ['p2p'], summary, response: { 200: State } })
const URL = '/api/p2p/members'
const PEER_ID = /^12D3KooW[1-9A-HJ-NP-Za-km-z]{44}$/

/** Ours: `local-ai p2p members`, `revoke` and `admit`. Names are those of nodes, or their peer ids. */
export const rosterRoutes: FastifyPluginAsyncTypebox<RosterDeps> = async (app, { roster, present }) => {
  const found = (): NonNullable<RosterDeps['roster']> => {
    if (roster !== undefined) return roster
    throw new AppError('request.not-found', 'this node is in no network: start it with --p2p')
  }
  app.get(URL, { schema: about('Who may be in the network'), config }, async () => toState(found(), present()))
  app.post(
    URL,
    { schema: { ...about('Say who may be in the network; for its owner'), body: Change }, config },
    async ({ body: { revoke, admit, open } }) => {
      const keeper = found()
      if (revoke === undefined && admit === undefined && open === undefined)
        throw new AppError('request.invalid', 'say whom to revoke, whom to admit, or whether the network is open')
      const here = present()
      const known = [...here, ...listedIn(keeper)]
      const list = (names: readonly string[] = []): readonly Listed[] => names.map((name) => resolve(name, known))
      const change = { remove: list(revoke), admit: list(admit), ...(open === undefined ? {} : { open }) }
      await keeper.decide(change, here)
      return toState(keeper, present())
    },
  )
}

function listedIn(keeper: Pick<RosterKeeper, 'current'>): readonly Listed[] {
  const { admitted = [], removed = [] } = keeper.current()?.roster ?? {}
  return [...admitted, ...removed]
}

/** Throws `request.not-found`, and `request.conflict` for a name that several nodes have. */
function resolve(name: string, known: readonly Listed[]): Listed {
  const byId = known.find(({ peerId }) => peerId === name)
  if (byId !== undefined) return byId
  // Before the names: members choose theirs, and one could call itself what another node is.
  if (PEER_ID.test(name)) return { peerId: name, name: '' }
  const ids = new Set(known.filter((one) => one.name === name).map(({ peerId }) => peerId))
  const [peerId] = ids
  if (ids.size > 1) {
    throw new AppError(
      'request.conflict',
      `several nodes are called "${name}": name one by its id (${[...ids].join(', ')})`,
    )
  }
  if (peerId !== undefined) return { peerId, name }
  throw new AppError(
    'request.not-found',
    `there is no node "${name}" in the network: "local-ai p2p members" lists them`,
  )
}

function toState(keeper: NonNullable<RosterDeps['roster']>, present: ReturnType<RosterDeps['present']>): State {
  const roster = keeper.current()?.roster
  const online = new Set(present.flatMap((one) => (one.online ? one.peerId : [])))
  const asking = keeper.knocks().map((peerId) => ({ peerId, name: '' }))
  const nodes = new Map<string, Listed>()
  for (const one of [...asking, ...listedIn(keeper), ...present]) nodes.set(one.peerId, one)
  const isAdmitted = new Set(roster?.admitted.map(({ peerId }) => peerId))
  const standingOf = (peerId: string): State['nodes'][number]['standing'] => {
    const exclusion = keeper.exclusionOf(peerId)
    if (exclusion !== undefined) return exclusion === 'removed' ? 'removed' : 'asking'
    return isAdmitted.has(peerId) ? 'admitted' : 'token'
  }
  return {
    owner: keeper.isOwner,
    open: roster?.open ?? true,
    number: roster?.number ?? 0,
    issued_at: roster === undefined ? null : new Date(roster.issuedUnixMs).toISOString(),
    nodes: [...nodes.values()]
      .map(({ name, peerId }) => ({ name, id: peerId, standing: standingOf(peerId), online: online.has(peerId) }))
      .sort((left, right) => left.name.localeCompare(right.name) || (left.id < right.id ? -1 : 1)),
  }
}

import { setImmediate as nextTurn } from 'node:timers/promises'
import { KEPT_PREFIXES_DEFAULTS } from '../../src/federation/prefix/kept-prefixes.ts'
import { createServedPrompts } from '../../src/federation/prefix/served-prompts.ts'
import type { PeerView } from '../../src/p2p/network.ts'
import { seededRandom } from '../../test/support/random.ts'
import { makeModel, makePeer } from '../../test/unit/federation/make-peer.ts'
import { createSimClock, type SimClock } from './sim-clock.ts'
import { createSimNode, RATES, type SimNode, type SimNodeInit, tokensOf } from './sim-node.ts'
import type { Outcome, SimEntry, SimEntryDeps } from './sim-router.ts'
import type { Arrival } from './sim-traces.ts'

export interface WorldInit {
  readonly nodes: readonly SimNodeInit[]
  readonly trace: readonly Arrival[]
  readonly entries: number
  readonly seed: number
  /** Something that happens on the way. */
  readonly events?: readonly WorldEvent[]
}

export interface WorldEvent {
  readonly at: number
  readonly do: 'freeze' | 'thaw' | 'stall' | 'recover' | 'join'
  readonly node: string
}

export interface Sample extends Outcome {
  readonly at: number
  readonly promptTokens: number
  readonly known: number
}

export interface WorldResult {
  readonly samples: readonly Sample[]
  /** Requests that had not ended when the trace had. */
  readonly left: number
  readonly hedges: number
  /** By node and second: answers that were begun there. */
  readonly submitted: ReadonlyMap<string, readonly number[]>
}

/** Nodes tell their load as often as in the network, and a node that tells nothing is silent after so long. */
const HEARTBEAT_MS = 500
const SILENT_AFTER_MS = 2300
const STALL_MS = 2000

interface Member {
  readonly node: SimNode
  readonly served: ReturnType<typeof createServedPrompts>
  view: PeerView
  frozenAt: number | undefined
  present: boolean
}

/** Lets entries of one kind serve a trace. Every arm gets the same trace, the same nodes and the same dice. */
export async function runWorld(init: WorldInit, create: (deps: SimEntryDeps) => SimEntry): Promise<WorldResult> {
  const clock = createSimClock()
  const submitted = new Map<string, number[]>()
  const members = new Map(init.nodes.map((node) => [`id-${node.name}`, createMember(clock, node)]))
  for (const { do: what, node } of init.events ?? []) if (what === 'join') setPresent(members, node, false)
  const nodes = new Map([...members].map(([peerId, member]) => [peerId, counted(member, submitted, clock)]))
  const nodeOf = (peerId: string): SimNode => {
    const node = nodes.get(peerId)
    if (node === undefined) throw new Error('no such node')
    return node
  }
  const random = seededRandom(init.seed)
  const entries = Array.from({ length: init.entries }, () => create({ clock, random, nodeOf }))
  const tell = (): void => {
    const peers = [...members.values()].filter(({ present }) => present).map((member) => look(member, clock.now()))
    for (const entry of entries) entry.heard(peers)
    clock.in(HEARTBEAT_MS, tell)
  }
  tell()
  for (const event of init.events ?? []) clock.at(event.at, () => happen(members, event, clock.now()))
  const samples: Sample[] = []
  const dice = seededRandom(init.seed + 1)
  for (const arrival of init.trace) {
    const entry = entries[Math.floor(dice() * entries.length)]
    clock.at(arrival.at, () =>
      entry?.serve(arrival, (outcome) => {
        const { at, known, prompt } = arrival
        samples.push({ ...outcome, at, known, promptTokens: tokensOf(prompt) })
      }),
    )
  }
  const end = init.trace.at(-1)?.at ?? 0
  await clock.run(end, () => nextTurn())
  const left = init.trace.length - samples.length
  // What is left is served, so that the slowest are not the ones that are not counted; not for ever, though.
  await clock.run(end + 600_000, () => nextTurn())
  for (const entry of entries) entry.close()
  return { samples, left, hedges: entries.reduce((sum, { hedges }) => sum + hedges, 0), submitted }
}

function createMember(clock: SimClock, init: SimNodeInit): Member {
  return {
    node: createSimNode(clock, init),
    served: createServedPrompts({ now: clock.now }, KEPT_PREFIXES_DEFAULTS),
    view: makePeer(init.name, { slots: init.slots, models: [makeModel('m')] }),
    frozenAt: undefined,
    present: true,
  }
}

/** The node, with what is sent there counted, and told to whoever else asks. */
function counted({ node, served }: Member, submitted: Map<string, number[]>, clock: SimClock): SimNode {
  return {
    ...node,
    get finished() {
      return node.finished
    },
    submit(job, progress) {
      const seconds = submitted.get(node.name) ?? []
      submitted.set(node.name, seconds)
      const second = Math.floor(clock.now() / 1000)
      seconds[second] = (seconds[second] ?? 0) + 1
      if ('body' in job && job.body instanceof Buffer) {
        served.note({
          target: '/v1/chat/completions',
          contentType: 'application/json',
          body: job.body,
          capability: 'chat',
        })
      }
      return node.submit(job, progress)
    },
  }
}

/** What the others see of a node at a heartbeat. Speeds are told in steps of a fifth, once something was measured. */
function look(member: Member, now: number): PeerView {
  const { node, served, frozenAt, view } = member
  if (frozenAt !== undefined) {
    const state = now - frozenAt >= SILENT_AFTER_MS ? 'silent' : view.state
    if (state !== view.state) member.view = { ...view, state }
    return member.view
  }
  const load = { ...node.load(), memoryFreeBytes: 0, ...served.told() }
  const measured = node.finished > 0 && view.record.offer.models[0]?.generationTokensPerSecond === undefined
  const { record } = measured
    ? makePeer(node.name, { slots: node.slots, models: [makeModel('m', speeds(node))] })
    : view
  member.view = { ...view, state: 'linked', record, load }
  return member.view
}

function speeds({ speed }: SimNode) {
  const step = (value: number): number => 1.2 ** Math.round(Math.log(value) / Math.log(1.2))
  return {
    promptTokensPerSecond: step(RATES.promptTokensPerSecond * speed),
    generationTokensPerSecond: step(RATES.generationTokensPerSecond * speed),
  }
}

function setPresent(members: ReadonlyMap<string, Member>, name: string, present: boolean): void {
  const member = members.get(`id-${name}`)
  if (member !== undefined) member.present = present
}

function happen(members: ReadonlyMap<string, Member>, event: WorldEvent, now: number): void {
  const member = members.get(`id-${event.node}`)
  if (member === undefined) return
  const { node } = member
  switch (event.do) {
    case 'freeze':
      node.freeze()
      member.frozenAt = now
      break
    case 'thaw':
      node.thaw()
      member.frozenAt = undefined
      break
    case 'stall':
      node.stall(STALL_MS)
      break
    case 'recover':
      node.stall(0)
      break
    case 'join':
      member.present = true
  }
}

import { computed, effect, signal } from '@preact/signals'
import type { LiveNode, LiveUpdate, NodeFigures, RequestSummary, Standing } from '../../src/api/ui/event-schema.ts'
import { api, signInWanted } from './api.ts'
import { hrefOf } from './router.ts'

export type { LiveNode, RequestSummary, Standing } from '../../src/api/ui/event-schema.ts'

// What this node tells of itself and its network by `/api/events`. One stream serves all pages of a tab; a tab that is not
// looked at has none, since browsers open only six connections to a server.

export type Connection = 'connecting' | 'open' | 'lost'

const MAX_REQUESTS = 1000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 10_000
/** A node says something every 15 seconds at least. One that is cut off says no goodbye, and its stream stays open. */
const SILENT_MS = 40_000
const ASK_MS = 5_000
/** Round trips that are remembered of each node, one for each that differs, as long as this page is open. */
const HISTORY = 120

export const connection = signal<Connection>('connecting')
/** Undefined until the node has said something. */
export const about = signal<NonNullable<LiveUpdate['reset']> | undefined>(undefined)
export const nodes = signal<ReadonlyMap<string, LiveNode>>(new Map())
/** Newest first. */
export const requests = signal<readonly RequestSummary[]>([])
/** What only those see who may manage the node. */
export const standing = signal<Standing | undefined>(undefined)
export const runningOperations = signal<NonNullable<LiveUpdate['operations']>>([])
export const manages = computed(() => about.value?.manages === true)
/** The first words of each command that a page tells to type. */
export const program = computed(() => about.value?.program ?? 'local-ai')

const histories = new Map<string, number[]>()

/** The last round trips to a node, oldest first, in milliseconds. */
export function roundTripsOf(id: string): readonly number[] {
  return histories.get(id) ?? []
}

export function requestKey({ id, startedAt }: Pick<RequestSummary, 'id' | 'startedAt'>): string {
  return `${startedAt} ${id}`
}

/** What the stream says, put into what the pages show. */
export function apply(update: LiveUpdate): void {
  if (update.reset !== undefined) {
    about.value = update.reset
    requests.value = []
    standing.value = undefined
    runningOperations.value = []
  }
  if (update.reset !== undefined || update.nodes || update.figures || update.gone) applyNodes(update)
  if (update.standing !== undefined) standing.value = update.standing
  if (update.operations !== undefined) runningOperations.value = update.operations
  if (update.requests !== undefined) applyRequests(update.requests)
}

function applyNodes({ reset, nodes: told = [], figures = [], gone = [] }: LiveUpdate): void {
  const next = new Map(reset === undefined ? nodes.peek() : [])
  for (const id of gone) {
    next.delete(id)
    histories.delete(id)
  }
  for (const node of told) next.set(node.id, node)
  for (const figure of figures) {
    const node = next.get(figure.id)
    if (node !== undefined) next.set(figure.id, withFigures(node, figure))
  }
  for (const { id, roundTripMs } of [...told, ...figures]) remember(id, roundTripMs)
  nodes.value = next
}

function withFigures(node: LiveNode, figures: NodeFigures): LiveNode {
  const { state, path, roundTripMs, running, queued, memoryFree, lastSeen } = figures
  return {
    ...node,
    ...{ state, path, roundTripMs, running, queued, isOnline: state !== 'silent' },
    lastSeen: new Date(lastSeen).toISOString(),
    memory: { total: node.memory.total, free: memoryFree },
  }
}

function remember(id: string, roundTripMs: number | null): void {
  if (roundTripMs === null) return
  const known = histories.get(id) ?? []
  known.push(roundTripMs)
  if (known.length > HISTORY) known.shift()
  histories.set(id, known)
}

function applyRequests(oldestFirst: readonly RequestSummary[]): void {
  const changed = new Map(oldestFirst.map((request) => [requestKey(request), request]))
  const updated = requests.peek().map((request) => {
    const key = requestKey(request)
    const next = changed.get(key)
    changed.delete(key)
    return next ?? request
  })
  requests.value = [...[...changed.values()].reverse(), ...updated].slice(0, MAX_REQUESTS)
}

let source: EventSource | undefined
let retry: ReturnType<typeof setTimeout> | undefined
let silence: ReturnType<typeof setTimeout> | undefined
let pauseMs = FIRST_PAUSE_MS

function connect(): void {
  disconnect()
  source = new EventSource(hrefOf('/api/events'))
  listen()
  source.onmessage = ({ data }: MessageEvent<string>) => {
    listen()
    connection.value = 'open'
    pauseMs = FIRST_PAUSE_MS
    apply(JSON.parse(data) as LiveUpdate)
  }
  source.onerror = () => void lost()
}

function listen(): void {
  clearTimeout(silence)
  silence = setTimeout(() => void lost(), SILENT_MS)
}

/** The browser says only that something failed. Asking in the plain way says what: whoever must sign in is told so. */
async function lost(): Promise<void> {
  disconnect()
  connection.value = 'lost'
  await api('/api/p2p/stats', { signal: AbortSignal.timeout(ASK_MS) }).catch(() => {})
  if (signInWanted.peek() || document.hidden || retry !== undefined || source !== undefined) return
  retry = setTimeout(connect, pauseMs)
  pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
}

function disconnect(): void {
  clearTimeout(silence)
  clearTimeout(retry)
  retry = undefined
  source?.close()
  source = undefined
}

/** From now on, for as long as the tab is looked at. */
export function startLive(): void {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) disconnect()
    else connect()
  })
  // The tab of a page that is kept for the way back has no connection either.
  addEventListener('pagehide', disconnect)
  effect(() => {
    if (signInWanted.value) disconnect()
    else if (!document.hidden) connect()
  })
}

import type { Reading } from './chaos-answer.ts'
import { ask, type Heard } from './chaos-client.ts'
import type { Kind, KnownRequest } from './chaos-kinds.ts'
import type { ChaosNode } from './chaos-network.ts'

interface ReferencesInit {
  readonly entries: readonly ChaosNode[]
  readonly kinds: readonly Kind[]
  /** Different requests of each kind. */
  readonly prompts: number
  /** A shorter answer leaves no time for a fault. */
  readonly minTokens: number
  /** Ask each once more and leave out what is answered in another way. */
  readonly twice: boolean
  readonly onFound?: (kind: string) => void
}

export interface References {
  readonly requests: readonly KnownRequest[]
  /** Requests whose answer was not the same a second time, with nothing wrong in the network. */
  readonly unstable: readonly string[]
}

const PATIENCE_MS = 60_000
const MOST_PROMPTS_TRIED = 26
const AT_A_TIME = 4
const STOP_LENGTH = 4
/** Where in the answer without a stop string the stop string is taken. */
const STOP_AT = 0.8

/** What an undisturbed network answers. Four requests at a time, as later. */
export async function collectReferences(init: ReferencesInit): Promise<References> {
  const found: KnownRequest[] = []
  await inParallel(init.kinds, async (kind) => {
    found.push(...(await findRequests(kind, init)))
    init.onFound?.(kind.name)
  })
  const unstable: string[] = []
  await inParallel(init.twice ? found : [], async (request, at) => {
    const heard = await askEntry(init.entries, at, request)
    const { answer } = request.kind.read(heard.text)
    if (JSON.stringify(answer) !== JSON.stringify(request.answer)) unstable.push(request.name)
  })
  return { requests: found.filter(({ name }) => !unstable.includes(name)), unstable }
}

async function inParallel<T>(items: readonly T[], act: (item: T, at: number) => Promise<void>): Promise<void> {
  const queue = items.entries()
  const worker = async (): Promise<void> => {
    for (const [at, item] of queue) await act(item, at)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
}

/** Random weights answer one prompt with a page and the next one with three letters. */
async function findRequests(kind: Kind, init: ReferencesInit): Promise<readonly KnownRequest[]> {
  const found: KnownRequest[] = []
  for (let number = 1; number <= MOST_PROMPTS_TRIED && found.length < init.prompts; number += 1) {
    // What weights like these say next depends on the last letters most of all.
    const prompt = `Tell me more of place ${number}, ${String.fromCharCode(96 + number).repeat(3)}`
    const plain = kind.body(prompt)
    const first = await askEntry(init.entries, number, { kind, body: plain })
    const stop = kind.stops === undefined ? undefined : stopOf(read(kind, first).answer.parts['text'] ?? '')
    if (kind.stops !== undefined && stop === undefined) continue
    const body = stop === undefined ? plain : { ...plain, stop: [stop] }
    const heard = stop === undefined ? first : await askEntry(init.entries, number, { kind, body })
    const { answer } = read(kind, heard)
    if ((answer.usage?.generated ?? 0) < init.minTokens) continue
    found.push({ kind, body, answer, name: `${kind.name} ${number}`, events: kind.stream ? heard.events : 0 })
  }
  if (found.length === 0) throw new Error(`no prompt gives a long answer to ${kind.name}`)
  return found
}

/** An answer of a network in which nothing is wrong must have nothing wrong in it. */
function read(kind: Kind, heard: Heard): Reading {
  const reading = kind.read(heard.text)
  const problems = [...reading.damages, reading.failure, heard.problem].filter((problem) => problem !== undefined)
  if (heard.status === 200 && reading.isWhole && problems.length === 0) return reading
  throw new Error(`${kind.name}, undisturbed: ${heard.status} ${problems.join('; ')} ${heard.text.slice(-1000)}`)
}

/** A piece of the answer that is nowhere before. */
function stopOf(text: string): string | undefined {
  const from = Math.floor(text.length * STOP_AT)
  const stop = text.slice(from, from + STOP_LENGTH)
  return stop.length === STOP_LENGTH && text.indexOf(stop) === from ? stop : undefined
}

async function askEntry(
  entries: readonly ChaosNode[],
  number: number,
  { kind, body }: Pick<KnownRequest, 'kind' | 'body'>,
): Promise<Heard> {
  const entry = entries[number % entries.length]
  if (entry === undefined) throw new Error('there is no entry')
  const { url, fetch } = entry.node
  return await ask({ url: `${url}${kind.path}`, fetch, body, headers: {}, patienceMs: PATIENCE_MS })
}

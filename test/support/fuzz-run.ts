import type { Duplex } from 'node:stream'
import { type FuzzCase, makeCase } from './fuzz-cases.ts'
import { type RawAnswer, sendRaw } from './fuzz-client.ts'
import type { FuzzRoute } from './fuzz-routes.ts'
import type { Random } from './fuzz-values.ts'
import { seededRandom } from './random.ts'

export interface FuzzTarget {
  readonly name: string
  readonly routes: readonly FuzzRoute[]
  connect(): Promise<Duplex>
  /** What a request shows of itself; a new choice each time. */
  readonly headers?: (random: Random) => readonly (readonly [name: string, value: string])[]
  /** Answers of 500 and above that are right here. */
  readonly mayAnswer?: readonly number[]
}

export interface FuzzRun {
  readonly seed: number
  readonly perRoute: number
  /** Requests at the same time. */
  readonly width: number
  /** An answer that takes longer is a hang. */
  readonly timeoutMs: number
}

export interface FuzzResult {
  readonly sent: number
  /** How many answers of each status; 0 for none at all. */
  readonly statuses: ReadonlyMap<number, number>
  readonly problems: readonly string[]
}

const MOST_PROBLEMS = 40
const LARGE_BYTES = 500_000

/** Sends `perRoute` bad requests to every route and looks at each answer. The same seed sends the same requests. */
export async function fuzz(target: FuzzTarget, { seed, perRoute, width, timeoutMs }: FuzzRun): Promise<FuzzResult> {
  const statuses = new Map<number, number>()
  const problems: string[] = []
  let sent = 0
  async function sendOne(route: FuzzRoute, at: number, turn: number): Promise<void> {
    const random = seededRandom(seed + at * 7919)
    const headers = [...(target.headers?.(random) ?? [])]
    const request = makeCase(route, { random, turn, headers })
    sent += 1
    try {
      const answer = await sendRaw(await target.connect(), request, timeoutMs)
      const status = answer?.status ?? 0
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      const problem = problemOf({ request, answer, route, mayAnswer: target.mayAnswer ?? [] })
      if (problem !== undefined) problems.push(`${describe(target, request, at)}: ${problem}`)
    } catch (error) {
      problems.push(`${describe(target, request, at)}: ${String(error)}`)
    }
  }
  const work = planOf(target.routes, perRoute, seed)
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (const [at, route, turn] of work) {
        if (problems.length >= MOST_PROBLEMS) return
        await sendOne(route, at, turn)
      }
    }),
  )
  return { sent, statuses, problems }
}

/** One after the other, whoever asks. */
function* planOf(
  routes: readonly FuzzRoute[],
  perRoute: number,
  seed: number,
): Generator<readonly [at: number, route: FuzzRoute, turn: number], void> {
  let at = 0
  for (const route of routes) {
    for (let count = 0; count < perRoute; count += 1) {
      yield [at, route, at + seed]
      at += 1
    }
  }
}

interface Seen {
  readonly request: FuzzCase
  readonly answer: RawAnswer | undefined
  readonly route: FuzzRoute
  readonly mayAnswer: readonly number[]
}

/** What is wrong with the answer: anything but success, or a refusal of 4xx in the words of the route's dialect. */
function problemOf({ request, answer, route, mayAnswer }: Seen): string | undefined {
  // A refusal overtakes a large body, and the connection may be reset before it was read.
  if (answer === undefined) return request.unrouted || request.bytes.length > LARGE_BYTES ? undefined : 'no answer'
  const { status, headers, body } = answer
  if (status < 300 || (status < 400 && headers.has('location'))) return undefined
  const text = body.toString()
  if (mayAnswer.includes(status) || (status === 500 && isFilter(request))) return undefined
  if (status < 400 || status >= 499) return `${status} ${text.slice(0, 300)}`
  // The HTTP server itself refuses an `Expect` that it does not know, with nothing but the status.
  if (request.method === 'HEAD' || status === 417) return undefined
  // Without a host it is no HTTP/1.1 (RFC 9112, 3.2), which the HTTP server says before any of ours is asked.
  if (request.unrouted && status === 400 && body.length === 0) return undefined
  const isRight = hasShape(text, status, request.unrouted ? undefined : route.shape)
  return isRight ? undefined : `${status} in another shape: ${text.slice(0, 300)}`
}

/** LocalAI's error table has a filter of models that is no regular expression as a failure of the server. */
function isFilter({ bytes }: FuzzCase): boolean {
  return /^GET (?:\/v1)?\/models\?\S*filter=/.test(bytes.toString('latin1', 0, 4096))
}

/** Whether it has the fields that the shape gives an error, of the same types. Without a shape: some error. */
function hasShape(text: string, status: number, shape: FuzzRoute['shape'] | undefined): boolean {
  try {
    const body: unknown = JSON.parse(text)
    const example = shape?.({ code: 'request.invalid', status, message: 'x', param: 'x' })
    return example === undefined ? typeof body === 'object' && body !== null && 'error' in body : isLike(body, example)
  } catch {
    return false
  }
}

/** `param` may be null, and types of errors differ. */
function isLike(value: unknown, example: unknown): boolean {
  if (typeof example !== 'object' || example === null) return value === null || typeof value === typeof example
  if (typeof value !== 'object' || value === null) return false
  const names = Object.keys(example)
  return (
    Object.keys(value).toSorted().join() === names.toSorted().join() &&
    names.every((name) => isLike(Reflect.get(value, name), Reflect.get(example, name)))
  )
}

function describe({ name }: FuzzTarget, request: FuzzCase, at: number): string {
  return `${name} #${at} ${request.method} ${request.target.slice(0, 80)} (${request.name}) ${JSON.stringify(request.bytes.subarray(-160).toString('latin1'))}`
}

import type { ModelNeeds } from './model-needs.ts'
import type { Machine } from './plan.ts'
import { stepSeconds } from './step-speed.ts'

/** More devices, and ggml's scheduler (16, the CPU among them) aborts the process. */
export const MOST_WORKERS = 15

/** ggml and the engine for one worker and token, beside the round trip (0.4 to 0.8 ms seen). */
const HOP_SECONDS = 0.0005
/** The engine for one token, whatever computes: sampling, and what it tells of it (0.2 to 0.7 ms seen). */
const ENGINE_SECONDS = 0.0004
/** What carries the result home: a gigabit network. */
const LINK_BYTES_PER_SECOND = 110e6

export interface CutWishes {
  /** Steps of this machine; absent: as many as is best. */
  readonly home?: number
  /** By worker's id: exactly so many layers, the output not counted. */
  readonly layers?: ReadonlyMap<string, number>
  /** Every worker gets some. */
  readonly all?: boolean
}

/** Steps from `from` up to, not including, `to`; the machine is `worker` of those given, or this one (undefined). */
export interface Run {
  readonly worker: Machine | undefined
  readonly from: number
  readonly to: number
}

export interface Cut {
  /** This machine's first, though it may be empty; then each worker's that has any. */
  readonly runs: readonly Run[]
  /** For one token. */
  readonly seconds: number
}

/**
 * The quickest way over each number of workers: at index 1 over one, at 2 over two, … ; a hole where there is none. A
 * machine has one run of steps, this one the first and the last worker the output, as llama.cpp does it; the workers
 * stand in the order given. Exact, by dynamic programming over (workers looked at, workers used, steps placed), and
 * pure: 32 workers and 80 layers take some milliseconds.
 */
export function cutLayers(
  needs: ModelNeeds,
  machines: { readonly home: Machine; readonly workers: readonly Machine[] },
  wishes: CutWishes = {},
): readonly (Cut | undefined)[] {
  const { steps } = needs
  const { workers } = machines
  const most = Math.min(MOST_WORKERS, workers.length)
  const width = steps.length + 1
  const seconds = Array.from({ length: most + 1 }, () => new Float64Array(width).fill(Number.POSITIVE_INFINITY))
  const home = runCosts(needs, machines.home, { isHome: true })
  for (let to = 0; to < steps.length; to += 1) {
    const allowed = wishes.home === undefined || wishes.home === to
    const start = seconds[0]
    if (allowed && home.fits(0, to) && start !== undefined) start[to] = home.seconds(0, to)
  }
  /** Where the run of worker `w`, as the `used`th of all, to step `to` began; -1: it has none. */
  const began = workers.map(() => Array.from({ length: most + 1 }, () => new Int16Array(width).fill(-1)))
  for (const [index, worker] of workers.entries()) {
    const costs = runCosts(needs, worker, { isHome: false })
    const exactly = wishes.layers?.get(worker.id)
    // Downwards, so that what is read is from before this worker.
    for (let used = most; used >= 1; used -= 1) {
      const before = seconds[used - 1]
      const after = seconds[used]
      const from = began[index]?.[used]
      if (before !== undefined && after !== undefined && from !== undefined) {
        extend({ before, after, from }, { costs, exactly, last: steps.length })
      }
    }
    if (wishes.all === true) seconds.forEach((row, used) => void (used <= index && row.fill(Number.POSITIVE_INFINITY)))
  }
  return seconds.map((row, used) => {
    const total = row[steps.length]
    if (used === 0 || total === undefined || !Number.isFinite(total)) return undefined
    return { seconds: total, runs: trace({ began, workers, steps: steps.length }, used) }
  })
}

interface RunCosts {
  fits(from: number, to: number): boolean
  seconds(from: number, to: number): number
}

/** What a machine needs for any run of steps, from sums made once. */
export function runCosts(needs: ModelNeeds, machine: Machine, { isHome }: { readonly isHome: boolean }): RunCosts {
  const { steps } = needs
  const memory = [0]
  const time = [0]
  for (const step of steps) {
    memory.push((memory.at(-1) ?? 0) + step.memoryBytes)
    time.push((time.at(-1) ?? 0) + stepSeconds(machine, step))
  }
  const between = (sums: readonly number[], from: number, to: number): number => (sums[to] ?? 0) - (sums[from] ?? 0)
  return {
    fits: (from, to) => runMemory(needs, { from, to, bytes: between(memory, from, to), isHome }) <= machine.memoryBytes,
    seconds(from, to) {
      const computing = between(time, from, to)
      if (isHome) return computing + ENGINE_SECONDS
      const carrying = to === steps.length ? needs.resultBytes / LINK_BYTES_PER_SECOND : 0
      return computing + HOP_SECONDS + machine.roundTripMs / 1000 + carrying
    },
  }
}

interface RunMemory {
  readonly from: number
  readonly to: number
  /** Of the steps themselves. */
  readonly bytes: number
  readonly isHome: boolean
}

export function runMemory(needs: ModelNeeds, { from, to, bytes, isHome }: RunMemory): number {
  const computing = isHome || to > from ? needs.computeBytes : 0
  const output = to === needs.steps.length ? needs.outputComputeBytes : 0
  return bytes + computing + output + (isHome ? needs.homeBytes : 0)
}

function extend(
  rows: { readonly before: Float64Array; readonly after: Float64Array; readonly from: Int16Array },
  { costs, exactly, last }: { readonly costs: RunCosts; readonly exactly: number | undefined; readonly last: number },
): void {
  const { before, after, from } = rows
  for (let start = 0; start < last; start += 1) {
    const soFar = before[start] ?? Number.POSITIVE_INFINITY
    if (soFar === Number.POSITIVE_INFINITY) continue
    for (let to = start + 1; to <= last && costs.fits(start, to); to += 1) {
      if (exactly !== undefined && Math.min(to, last - 1) - start !== exactly) continue
      const seconds = soFar + costs.seconds(start, to)
      if (seconds >= (after[to] ?? 0)) continue
      after[to] = seconds
      from[to] = start
    }
  }
}

interface Trace {
  readonly began: readonly (readonly Int16Array[])[]
  readonly workers: readonly Machine[]
  readonly steps: number
}

/** From the end back to the beginning. */
function trace({ began, workers, steps }: Trace, used: number): readonly Run[] {
  const runs: Run[] = []
  let to = steps
  let left = used
  for (let index = workers.length - 1; index >= 0 && left > 0; index -= 1) {
    const from = began[index]?.[left]?.[to] ?? -1
    // The last worker that made this row better is the one whose run it is.
    if (from < 0) continue
    runs.unshift({ worker: workers[index], from, to })
    to = from
    left -= 1
  }
  return [{ worker: undefined, from: 0, to }, ...runs]
}

import type { SimClock } from './sim-clock.ts'

/** A part of a conversation that is the same wherever it occurs. */
export interface Segment {
  readonly id: string
  readonly tokens: number
}

export interface Job {
  readonly prompt: readonly Segment[]
  readonly answer: Segment
}

export interface Progress {
  /** `cached`: tokens of the prompt that need not be computed. */
  onFirstToken(facts: { readonly cached: number }): void
  onEnd(facts: { readonly generationMs: number }): void
}

/** A machine that generates: `slots` answers at a time, each at the same speed, the others wait in the order of their coming. */
export interface SimNode {
  readonly name: string
  readonly speed: number
  readonly slots: number
  /** Gives the function that ends it early. */
  submit(job: Job, progress: Progress): () => void
  load(): { readonly running: number; readonly queued: number }
  /** When the job would be done if it came now, in milliseconds from now; honest. */
  etaMs(job: Job): number
  /** Nothing goes on until `thaw`. */
  freeze(): void
  thaw(): void
  /** From now on every request waits so long before it begins, as behind a stuck lock. */
  stall(ms: number): void
  /** Answers finished so far. */
  readonly finished: number
}

export interface SimNodeInit {
  readonly name: string
  /** Times that of the slowest kind. */
  readonly speed: number
  readonly slots: number
  /** Conversations whose computed prompts fit into memory. */
  readonly keeps: number
}

/** Of the slowest kind of node. */
export const RATES = { promptTokensPerSecond: 1000, generationTokensPerSecond: 25 }

interface Task {
  readonly job: Job
  readonly progress: Progress
  /** Milliseconds of work left: before the first token, and after it. */
  beforeMs: number
  afterMs: number
  readonly generationMs: number
  since: number
  started: boolean
  first: boolean
  cached: number
  callOff: () => void
}

export function createSimNode(clock: SimClock, { name, speed, slots, keeps }: SimNodeInit): SimNode {
  const running = new Set<Task>()
  const queue: Task[] = []
  const cache = createCache(keeps)
  let frozen = false
  let stallMs = 0
  let finished = 0

  const promptMs = (tokens: number): number => (tokens * 1000) / (RATES.promptTokensPerSecond * speed)
  const generationMs = (tokens: number): number => (tokens * 1000) / (RATES.generationTokensPerSecond * speed)

  function fill(): void {
    while (!frozen && running.size < slots) {
      const task = queue.shift()
      if (task === undefined) return
      task.started = true
      task.cached = cache.held(task.job.prompt)
      task.beforeMs = stallMs + promptMs(tokensOf(task.job.prompt) - task.cached)
      running.add(task)
      goOn(task)
    }
  }

  function goOn(task: Task): void {
    task.since = clock.now()
    if (!task.first) {
      task.callOff = clock.in(task.beforeMs, () => {
        task.first = true
        cache.keep([...task.job.prompt, task.job.answer])
        task.progress.onFirstToken({ cached: task.cached })
        if (running.has(task)) goOn(task)
      })
    } else {
      task.callOff = clock.in(task.afterMs, () => {
        running.delete(task)
        finished += 1
        task.progress.onEnd({ generationMs: task.generationMs })
        fill()
      })
    }
  }

  function pause(task: Task): void {
    task.callOff()
    const done = clock.now() - task.since
    if (task.first) task.afterMs -= done
    else task.beforeMs -= done
  }

  function leftMs({ first, beforeMs, afterMs, since }: Task): number {
    const done = frozen ? 0 : clock.now() - since
    return Math.max(0, (first ? 0 : beforeMs) + afterMs - done)
  }

  function workMs({ prompt, answer }: Job): number {
    return promptMs(tokensOf(prompt) - cache.held(prompt)) + generationMs(answer.tokens)
  }

  return {
    ...{ name, speed, slots },
    get finished() {
      return finished
    },
    submit(job, progress) {
      const wholeMs = generationMs(job.answer.tokens)
      const task: Task = {
        ...{ job, progress, beforeMs: 0, afterMs: wholeMs, generationMs: wholeMs, since: 0, cached: 0 },
        ...{ started: false, first: false, callOff: () => {} },
      }
      queue.push(task)
      fill()
      return () => {
        task.callOff()
        if (running.delete(task)) fill()
        else if (queue.includes(task)) queue.splice(queue.indexOf(task), 1)
      }
    },
    load: () => ({ running: running.size, queued: queue.length }),
    etaMs(job) {
      if (frozen) return Number.POSITIVE_INFINITY
      const free = [...running].map(leftMs)
      while (free.length < slots) free.push(0)
      const take = (ms: number): number => {
        const at = free.indexOf(Math.min(...free))
        free[at] = (free[at] ?? 0) + ms
        return free[at] ?? 0
      }
      for (const { job: other } of queue) take(workMs(other))
      return take(stallMs + workMs(job))
    },
    freeze() {
      for (const task of running) pause(task)
      frozen = true
    },
    thaw() {
      frozen = false
      for (const task of running) goOn(task)
      fill()
    },
    stall(ms) {
      stallMs = ms
    },
  }
}

export function tokensOf(prompt: readonly Segment[]): number {
  return prompt.reduce((sum, { tokens }) => sum + tokens, 0)
}

/** Computed prompts, the one that was used longest ago thrown away first; one that goes on is the same one. */
function createCache(size: number) {
  let kept: (readonly Segment[])[] = []
  const common = (left: readonly Segment[], right: readonly Segment[]): number => {
    const differs = left.findIndex(({ id }, at) => right[at]?.id !== id)
    return differs === -1 ? left.length : differs
  }
  return {
    held: (prompt: readonly Segment[]) =>
      kept.reduce((most, other) => Math.max(most, tokensOf(prompt.slice(0, common(prompt, other)))), 0),
    keep(whole: readonly Segment[]) {
      kept = [...kept.filter((other) => common(other, whole) < other.length), whole].slice(-size)
    },
  }
}

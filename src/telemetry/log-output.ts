import { writeSync } from 'node:fs'

export interface LogOutputDeps {
  /** Writes what it can and says how many bytes that were; throws what the system says. Default: to stderr. */
  readonly write?: (bytes: Buffer) => number
  /** Told how many lines are missing, as soon as lines can be written again. */
  readonly onLost?: (lines: number) => void
}

export interface LogOutputInit {
  /** Held while whoever reads the log does not; lines that come on top are lost. Default 1 MiB. */
  readonly maxHeldLength?: number
  /** Until a reader that was too slow is tried again. Default 20. */
  readonly retryMs?: number
}

/** Where the lines of the log go. */
export interface LogOutput {
  /** Never throws and never waits: a log that cannot be written (disk full, reader gone or slow) must not stop the node. */
  write(line: string): void
}

const STDERR = 2
const EMPTY = Buffer.alloc(0)
/** A reader that is slow when the process ends gets half a second. */
const LAST_TRIES = 50
const LAST_TRY_MS = 10

/**
 * The lines of one turn of the event loop go out in one write, and none is lost when the process ends. Nothing waits for the disk:
 * a log file is the system's to keep. On the way of each request; measured by bench/request-parts.ts.
 */
export function createLogOutput(deps: LogOutputDeps = {}, init: LogOutputInit = {}): LogOutput {
  const { write = (bytes) => writeSync(STDERR, bytes), onLost } = deps
  const { maxHeldLength = 2 ** 20, retryMs = 20 } = init
  let lines: string[] = []
  let linesLength = 0
  /** What the system has not taken of an earlier turn. */
  let rest: Buffer = EMPTY
  let due = false
  let lost = 0

  /** False when the system wants to be asked again later. */
  function flush(): boolean {
    const count = lines.length
    const come = Buffer.from(lines.join(''))
    rest = rest.length === 0 ? come : Buffer.concat([rest, come])
    lines = []
    linesLength = 0
    try {
      while (rest.length > 0) rest = rest.subarray(write(rest))
    } catch (error) {
      if (isBusy(error)) return false
      lost += Math.max(count, 1)
      rest = EMPTY
      return true
    }
    if (lost > 0) {
      const missing = lost
      lost = 0
      onLost?.(missing)
    }
    return true
  }

  function flushInTurn(): void {
    due = !flush()
    if (due) setTimeout(flushInTurn, retryMs).unref()
    else if (lines.length > 0) soon()
  }

  function soon(): void {
    if (due) return
    due = true
    setImmediate(flushInTurn)
  }

  atExit(() => {
    for (let tries = 0; tries < LAST_TRIES && !flush(); tries += 1) pause(LAST_TRY_MS)
  })
  return {
    write(line) {
      if (rest.length + linesLength + line.length > maxHeldLength) {
        lost += 1
        return
      }
      lines.push(line)
      linesLength += line.length
      soon()
    },
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAGAIN' || error.code === 'EBUSY')
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

const flushes = new Set<() => void>()

/** One listener of the process, however many logs there are. */
function atExit(flush: () => void): void {
  if (flushes.size === 0) process.once('exit', () => flushAll())
  flushes.add(flush)
}

function flushAll(): void {
  for (const flush of flushes) flush()
}

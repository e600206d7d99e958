import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { request } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'

/** What one streamed answer cost, as its client saw it. Milliseconds. */
export interface StreamSample {
  readonly firstByteMs: number
  readonly totalMs: number
  readonly events: number
}

/**
 * Posts a streaming request and reads it to the end, counting events; the text is not looked at. Each has a connection of
 * its own: llama-server closes idle ones after a few seconds, in the middle of whoever reuses them.
 */
export function streamOnce(url: string, body: unknown): Promise<StreamSample> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      { method: 'POST', agent: false, headers: { 'content-type': 'application/json' } },
      (response) => {
        let firstByteMs = 0
        let events = 0
        let failure = ''
        response.on('data', (chunk: Buffer) => {
          if (firstByteMs === 0) firstByteMs = performance.now() - started
          if (response.statusCode !== 200) failure += chunk.toString()
          for (let at = chunk.indexOf('data:'); at !== -1; at = chunk.indexOf('data:', at + 5)) events += 1
        })
        response.on('end', () => {
          if (response.statusCode === 200) resolve({ firstByteMs, totalMs: performance.now() - started, events })
          else reject(new Error(`${url}: ${response.statusCode} ${failure}`))
        })
        response.on('error', reject)
      },
    )
    call.on('error', reject)
    call.end(JSON.stringify(body))
  })
}

/** CPU milliseconds that a process and its descendants have used so far (Linux: /proc, in ticks of 10 ms). */
export function cpuOfTree(pid: number): number {
  return treeOf(pid).reduce((total, { ticks }) => total + ticks * 10, 0)
}

/** Resident bytes of a process and its descendants. Pages that they share count once for each. */
export function residentOfTree(pid: number): number {
  return treeOf(pid).reduce((total, { pages }) => total + pages * PAGE_BYTES, 0)
}

const PAGE_BYTES = 4096

interface ProcessStat {
  readonly parent: number
  /** Of CPU time, 10 ms each. */
  readonly ticks: number
  readonly pages: number
}

function treeOf(pid: number): readonly ProcessStat[] {
  const stats = new Map<number, ProcessStat>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const fields = stat
        .slice(stat.lastIndexOf(')') + 2)
        .split(' ')
        .map(Number)
      const [parent = 0, user = 0, system = 0, pages = 0] = [fields[1], fields[11], fields[12], fields[21]]
      stats.set(Number(name), { parent, ticks: user + system, pages })
    } catch {
      // The process has ended between the listing and the reading.
    }
  }
  const belongs = (id: number): boolean => {
    const parent = stats.get(id)?.parent
    return id === pid || (parent !== undefined && belongs(parent))
  }
  return [...stats].flatMap(([id, stat]) => (belongs(id) ? [stat] : []))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** The value below which that share of the values lies; 0 <= share <= 1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}

export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

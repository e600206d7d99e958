import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { createCarryEngine } from '../../src/workers/wire/carry-engine.ts'
import { type HostileCase, type HostileDeps, MEBIBYTE, must, request } from './hostile-case.ts'
import { beginSession } from './hostile-member.ts'
import { poll } from './poll.ts'
import { gone } from './processes.ts'
import { getTensor, setTensor, tensor } from './rpc-messages.ts'
import { type SplitNetwork, startSplitNetwork } from './split-network.ts'
import type { WorkerUser } from './worker-user.ts'

const WEIGHTS_BYTES = 48 * MEBIBYTE

/** Machines and processes that stop, vanish or have no room. */
export function failureCases({ stage }: HostileDeps): readonly HostileCase[] {
  return [
    { name: 'a worker process that is stopped in mid-stream', what: async () => await stopped('process') },
    { name: 'a worker machine that is stopped in mid-stream', what: async () => await stopped('machine') },
    {
      name: 'a machine that is lost during the load',
      async what() {
        await using network = await startSplit()
        const began = performance.now()
        const answer = complete(network, 4)
        const right = network.workers[1]
        await poll('the load has begun', 30_000, () => (right?.processes().length ?? 0) > 0)
        await right?.kill()
        return `answered with ${(await answer).length} characters after ${seconds(began)} s`
      },
    },
    {
      name: 'a head that is lost during the load',
      async what() {
        await using network = await startSplit()
        const answer = complete(network, 4).catch(() => 'no answer')
        const pids = await poll('the load has begun', 30_000, () => {
          const all = network.workers.flatMap((worker) => worker.processes())
          return all.length === network.workers.length && all
        })
        const began = performance.now()
        await network.head.end('SIGKILL')
        for (const pid of pids) await gone(pid)
        const after = seconds(began)
        await answer
        return `${pids.length} worker processes gone after ${after} s`
      },
    },
    {
      name: 'weights that another member has',
      async what() {
        await using here = await stage()
        const sent = { first: await load(here.user, here.lenderId), second: 0 }
        const near = await here.lend({
          ...{ name: 'second', megabytes: 256 },
          arguments: ['--p2p-bootstrap', here.lender.address],
        })
        const known = await poll('the second lends', 30_000, () =>
          here.user.pool.list().find(({ name }) => name === near.name),
        )
        sent.second = await load(here.user, known.peerId)
        must(
          sent.second < sent.first / 10,
          `${sent.first} bytes from the head to the first, ${sent.second} to the second`,
        )
        return `the head sent ${sent.first} bytes to the first worker and ${sent.second} to the second`
      },
    },
    {
      name: 'a disk without room for weights',
      async what() {
        await using small = smallDisk()
        await using here = await stage({ folder: small.folder })
        const bytes = [await load(here.user, here.lenderId), await load(here.user, here.lenderId)]
        const warnings = here.lender.log.filter((line) => line.includes('not kept on this disk'))
        must(warnings.length > 0 && warnings.length < 4, `${warnings.length} warnings`)
        must(/ENOSPC/.test(warnings[0] ?? ''), `the warning says why: ${warnings[0]}`)
        return `two loads of ${bytes[0]} and ${bytes[1]} bytes, ${warnings.length} warning`
      },
    },
    {
      name: 'a folder for weights that cannot be made',
      async what() {
        const folder = mkdtempSync(join(tmpdir(), 'hostile-'))
        try {
          writeFileSync(join(folder, 'weights'), '')
          await using here = await stage({ folder })
          await load(here.user, here.lenderId)
          return 'lends without it'
        } finally {
          rmSync(folder, { recursive: true, force: true })
        }
      },
    },
  ]
}

/** All layers take more than one of the two has. */
async function startSplit(): Promise<SplitNetwork> {
  const workers = ['left', 'right'].map((name) => ({ name, megabytes: 144 }))
  const network = await startSplitNetwork({ workers, arguments: ['--split=force'] })
  await poll('both lend', 60_000, async () => {
    const answer = await fetch(new URL('/api/p2p/workers', network.head.url))
    return ((await answer.json()) as { nodes: readonly unknown[] }).nodes.length === 2
  })
  return network
}

function body(tokens: number, stream: boolean): RequestInit {
  const words = { model: 'mid', prompt: 'The node joins', max_tokens: tokens, temperature: 0, ignore_eos: true, stream }
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(words) }
}

async function complete(network: SplitNetwork, tokens: number): Promise<string> {
  const answer = await fetch(new URL('/v1/completions', network.head.url), body(tokens, false))
  const { choices } = (await answer.json()) as { choices?: readonly { text: string }[] }
  must(answer.status === 200 && choices?.[0], `the answer has status ${answer.status}`)
  return choices[0].text
}

async function stopped(what: 'process' | 'machine'): Promise<string> {
  await using network = await startSplit()
  const answer = await fetch(new URL('/v1/completions', network.head.url), body(48, true))
  must(answer.body, 'a body')
  const right = network.workers[1]
  let [pieces, longest, last] = [0, 0, performance.now()]
  let text = ''
  let pid: number | undefined
  try {
    for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
      longest = Math.max(longest, performance.now() - last)
      last = performance.now()
      text += chunk
      pieces += 1
      if (pieces !== 6) continue
      pid = what === 'machine' ? right?.pid : right?.processes()[0]
      must(pid !== undefined, 'it runs')
      process.kill(pid, 'SIGSTOP')
      longest = 0
    }
  } finally {
    // A process that is stopped takes no other signal but SIGKILL.
    if (pid !== undefined && what === 'machine') process.kill(pid, 'SIGCONT')
  }
  const end = /"finish_reason":"(\w+)"/.exec(text)?.[1] ?? /"error":.*/.exec(text)?.[0] ?? 'no end'
  must(end === 'length', end)
  return `went on to its end; the longest silence was ${(longest / 1000).toFixed(1)} s`
}

/** Weights that differ from piece to piece, given to a worker as an engine does; how many bytes left this machine. */
async function load(user: WorkerUser, peerId: string): Promise<number> {
  await using lease = await user.pool.lease(peerId, request({ memoryBytes: 128 * MEBIBYTE, waitMs: 20_000 }))
  const [engine, engineSide] = duplexPair()
  let sent = 0
  const moved = (direction: 'in' | 'out', bytes: number): void => {
    if (direction === 'out') sent += bytes
  }
  const over = createCarryEngine({ pieces: true })({ engine: engineSide, stream: lease.stream }, { events: { moved } })
  const session = await beginSession(engine, WEIGHTS_BYTES)
  must(session.handle !== 0, 'the worker has no memory')
  const weight = tensor({
    ...{ buffer: session.handle, data: session.base, ne: [WEIGHTS_BYTES / 4], name: 'blk.0.ffn_up.weight' },
  })
  const data = Buffer.alloc(WEIGHTS_BYTES)
  for (let at = 0; at < data.length; at += 4096) data.writeUInt32LE(at + 1, at)
  engine.write(setTensor(weight, 0, data))
  const back = await session.ask(getTensor(weight, WEIGHTS_BYTES - 4096, 4096))
  must(back.equals(data.subarray(-4096)), 'the worker has other weights')
  engine.destroy()
  await over
  return sent
}

/** Of one megabyte, in memory. */
function smallDisk(): { readonly folder: string } & Disposable & AsyncDisposable {
  const folder = mkdtempSync(join(tmpdir(), 'small-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', folder])
  const end = (): void => {
    execFileSync('umount', [folder])
    rmSync(folder, { recursive: true, force: true })
  }
  return { folder, [Symbol.dispose]: end, [Symbol.asyncDispose]: async () => end() }
}

function seconds(began: number): string {
  return ((performance.now() - began) / 1000).toFixed(1)
}

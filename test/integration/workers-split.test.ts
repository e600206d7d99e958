import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { after, before, describe, it } from 'node:test'
import { llamaRpcForTests } from '../support/llama-rpc.ts'
import { llamaServerForTests } from '../support/llama-server.ts'
import { poll } from '../support/poll.ts'
import { needsProc } from '../support/processes.ts'
import { type SplitNetwork, startSplitNetwork } from '../support/split-network.ts'

const found = await llamaRpcForTests()
const server = await llamaServerForTests()
const skip = 'missing' in found ? found.missing : needsProc.skip
const MEBIBYTE = 2 ** 20

interface PlanAnswer {
  readonly verdict: string
  readonly why: readonly string[]
  readonly predicted_tokens_per_second: number
  readonly machines: readonly {
    readonly name: string
    readonly layers: number
    readonly weight_bytes: number
    readonly memory_bytes: number
  }[]
}

interface PlacedAnswer extends PlanAnswer {
  readonly model: string
  readonly measured_tokens_per_second: number | null
}

// All layers of the model take more than one worker has, and less than both have.
describe('a model over two machines', { skip: skip ?? false, timeout: 115_000 }, () => {
  let network: SplitNetwork
  /** Its greedy text on one machine. */
  let reference = ''

  before(async () => {
    const workers = [
      { name: 'left', megabytes: 144 },
      { name: 'right', megabytes: 144 },
    ]
    network = await startSplitNetwork({ workers, arguments: ['--split=force'] })
    for (const { url } of [network.head, network.keeper]) {
      await poll('both lend', 60_000, async () => {
        const response = await fetch(new URL('/api/p2p/workers', url))
        return ((await response.json()) as { nodes: readonly unknown[] }).nodes.length === 2
      })
    }
  })
  after(async () => await network?.[Symbol.asyncDispose]())

  async function ask<T>(path: string, body?: object): Promise<T> {
    const init = body && { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const response = await fetch(new URL(path, network.head.url), init)
    const answer = (await response.json()) as T
    assert.equal(response.status, 200, JSON.stringify(answer))
    return answer
  }

  const request = (model: string, tokens: number) => ({
    ...{ model, prompt: 'The node joins', max_tokens: tokens, temperature: 0, ignore_eos: true },
  })

  async function complete(model: string): Promise<string> {
    const { choices } = await ask<{ choices: readonly { text: string }[] }>('/v1/completions', request(model, 16))
    return choices[0]?.text ?? ''
  }

  async function placed(model: string): Promise<PlacedAnswer | undefined> {
    const { models } = await ask<{ models: readonly PlacedAnswer[] }>('/api/p2p/plan')
    return models.find((one) => one.model === model)
  }

  async function weightBytes(): Promise<{ readonly cache: number; readonly stream: number }> {
    const metrics = await (await fetch(new URL('/metrics', network.head.url))).text()
    const of = (from: string): number =>
      Number(
        new RegExp(`^local_ai_worker_weight_bytes_total\\{side="borrowed",from="${from}"\\} (.*)$`, 'm').exec(
          metrics,
        )?.[1] ?? 0,
      )
    return { cache: of('cache'), stream: of('stream') }
  }

  /** Nothing is loaded, and who lends has noticed. */
  async function unload(model: string): Promise<void> {
    await ask('/backend/shutdown', { model })
    await poll('workers are free', 10_000, async () => {
      const { nodes } = await ask<{ nodes: readonly { busy: boolean }[] }>('/api/p2p/workers')
      return nodes.every(({ busy }) => !busy)
    })
  }

  const worker = (name: string) => {
    const one = network.workers.find((machine) => machine.name === name)
    assert.ok(one)
    return one
  }

  /** Sends what it gets of a long answer, and its end. */
  async function* stream(tokens: number): AsyncGenerator<{ readonly text: string; readonly end?: string | null }> {
    const response = await fetch(new URL('/v1/completions', network.head.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...request('mid', tokens), stream: true, stream_options: { include_usage: true } }),
    })
    assert.ok(response.body)
    let rest = ''
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = `${rest}${chunk}`.split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        if (!line.startsWith('data: {')) continue
        const { choices, usage, error } = JSON.parse(line.slice(6))
        assert.equal(error, undefined, line)
        for (const { text, finish_reason: end } of choices) yield { text, end }
        if (usage) assert.equal(usage.completion_tokens, tokens)
      }
    }
  }

  /** A long answer, in the middle of which something happens. */
  async function interrupted(what: () => Promise<void> | void): Promise<void> {
    let pieces = 0
    let end: string | null | undefined
    for await (const piece of stream(48)) {
      pieces += 1
      end = piece.end ?? end
      if (pieces === 6) await what()
    }
    assert.equal(end, 'length')
  }

  it('says the same as on one, and the weights are where the plan said', async () => {
    await ask('/api/p2p/plan/apply', { model: 'mid', split: 'off' })
    assert.equal((await placed('mid'))?.verdict, 'here')
    reference = await complete('mid')
    const plan = await ask<PlanAnswer>('/api/p2p/plan/apply', { model: 'mid' })
    assert.deepEqual(plan.machines.map(({ name }) => name).toSorted(), [hostname(), 'left', 'right'].toSorted())
    assert.equal(
      plan.machines.reduce((sum, { layers }) => sum + layers, 0),
      24,
    )
    assert.equal(await complete('mid'), reference)
    // The workers had the weights from the other machine that has the model: by hash, so that what they got is right.
    const weights = await weightBytes()
    assert.ok(weights.cache > 0.9 * (weights.cache + weights.stream), JSON.stringify(weights))
    for (const machine of plan.machines.slice(1)) {
      const [pid] = worker(machine.name).processes()
      assert.ok(pid !== undefined)
      const bytes = residentBytes(pid)
      assert.ok(bytes > machine.weight_bytes, `${machine.name} has ${bytes} of ${machine.weight_bytes}`)
      assert.ok(bytes < machine.memory_bytes + 16 * MEBIBYTE, `${machine.name} has ${bytes}`)
    }
    assert.ok(((await placed('mid'))?.measured_tokens_per_second ?? 0) > 0)
  })

  it('says so run by llama-server, too', { skip: 'missing' in server ? server.missing : false }, async () => {
    await unload('mid')
    const text = await complete('mid-server')
    const split = await placed('mid-server')
    assert.equal(split?.machines.length, 3)
    await ask('/api/p2p/plan/apply', { model: 'mid-server', split: 'off' })
    assert.equal(await complete('mid-server'), text)
    await unload('mid-server')
  })

  it('goes on with a running answer when the process of a worker is killed', async () => {
    await complete('mid')
    const [pid] = worker('right').processes()
    assert.ok(pid !== undefined)
    await interrupted(() => void process.kill(pid, 'SIGKILL'))
    assert.equal(await complete('mid'), reference)
  })

  it('is loaded anyway when a worker is killed while it loads', async () => {
    await unload('mid')
    const [text] = await Promise.all([
      complete('mid'),
      (async () => {
        const [pid] = await poll('the worker of the load', 30_000, () => {
          const pids = worker('right').processes()
          return pids.length > 0 && pids
        })
        assert.ok(pid !== undefined)
        process.kill(pid, 'SIGKILL')
      })(),
    ])
    assert.equal(text, reference)
  })

  it('goes on when the owner removes a machine, which lends again when it is admitted', async () => {
    const lending = async (): Promise<readonly string[]> => {
      const { nodes } = await ask<{ nodes: readonly { name: string }[] }>('/api/p2p/workers')
      return nodes.map(({ name }) => name).toSorted()
    }
    await complete('mid')
    assert.ok(worker('left').processes().length > 0)
    await interrupted(async () => void (await ask('/api/p2p/members', { revoke: ['left'] })))
    assert.deepEqual(await lending(), ['right'])
    await poll('it has let go', 10_000, () => worker('left').processes().length === 0)
    const { nodes } = await ask<{ nodes: readonly { name: string; id: string; standing: string }[] }>(
      '/api/p2p/members',
    )
    const removed = nodes.find(({ name }) => name === 'left')
    assert.equal(removed?.standing, 'removed')
    await ask('/api/p2p/members', { admit: [removed.id] })
    await poll('it lends again', 60_000, async () => (await lending()).length === 2)
    await unload('mid')
    assert.equal(await complete('mid'), reference)
    assert.ok(worker('left').processes().length > 0)
  })

  it('goes on over what is left when a machine goes, and is loaded without it from then on', async () => {
    await interrupted(async () => await worker('left').kill())
    const plan = await placed('mid')
    assert.ok(plan)
    assert.ok(!plan.machines.some(({ name }) => name === 'left'), JSON.stringify(plan.why))
    await unload('mid')
    assert.equal(await complete('mid'), reference)
    await unload('mid')
    await poll('memory is given back', 10_000, () => worker('right').processes().length === 0)
  })
})

function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
}

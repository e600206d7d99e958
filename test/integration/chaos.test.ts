import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { kindsOf } from '../../bench/support/chaos-kinds.ts'
import { createKiller } from '../../bench/support/chaos-modes.ts'
import { startChaosNetwork } from '../../bench/support/chaos-network.ts'
import { collectReferences } from '../../bench/support/chaos-references.ts'
import { createRun, type RequestLine } from '../../bench/support/chaos-run.ts'
import { seededRandom } from '../support/random.ts'
import { steadyLlama } from '../support/tiny-models.ts'

const MODEL = 'chaos.gguf'
const TOKENS = 96
const PATIENCE_MS = 60_000
const KINDS = [
  'chat stream',
  'chat stream tool',
  'chat stream stop',
  'chat stream choices',
  'completion stream',
  'completion stream prompts',
  'messages stream',
  'messages stream tool',
  'responses stream',
  'responses stream schema',
]

describe('streams whose node is killed', { timeout: 120_000 }, () => {
  it('go on, in every dialect, to the answer of an undisturbed network', async () => {
    const file = await steadyLlama()
    await using network = await startChaosNetwork({ nodes: 3, entries: 1, model: MODEL, file, machines: false })
    const { requests } = await collectReferences({
      entries: network.entries,
      kinds: kindsOf(MODEL, TOKENS).filter(({ name }) => KINDS.includes(name)),
      prompts: 1,
      minTokens: TOKENS / 3,
      twice: false,
    })
    assert.equal(requests.length, KINDS.length)
    const lines: RequestLine[] = []
    // How long it takes is not for a test to say: that is measured by bench/chaos.ts.
    const run = createRun(network, {
      lateMs: Number.POSITIVE_INFINITY,
      patienceMs: PATIENCE_MS,
      take: (line) => void (line.type === 'request' && lines.push(line)),
    })
    // Two of the three nodes may die, and nobody comes back: some streams lose their node twice.
    const parts = { network, run, requests, random: seededRandom(5), keep: 1 }
    const killer = createKiller(parts, { downMs: PATIENCE_MS })
    await killer.round(requests.length)
    assert.ok(killer.kills > 0 && killer.cuts > 1, `${killer.kills} kills, ${killer.cuts} streams`)
    const wrong = lines.filter(({ verdicts }) => verdicts.length > 0)
    assert.deepEqual(wrong, [], `seen after ${lines.length} answers`)
  })
})

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { poll } from '../../../support/poll.ts'
import { startBareMember } from './members.ts'

it('what a node keeps of prompts is told once, and known until it tells something else', async (test) => {
  const timings = { heartbeatMs: 20 }
  const [a, b] = [await startBareMember({ timings }), await startBareMember({ timings })]
  test.after(() => Promise.all([a[Symbol.asyncDispose](), b[Symbol.asyncDispose]()]))
  await a.dial(b)
  const idle = { running: 0, queued: 0, memoryFreeBytes: 1 }
  a.membership.reportLoad({ ...idle, prefixes: [5, 6] })
  await poll('what it keeps', 5000, () => b.view(a)?.load.prefixes?.length === 2)
  const first = b.view(a)?.load.prefixes
  assert.deepEqual(first, [5, 6])
  a.membership.reportLoad({ ...idle, running: 3, prefixes: [5, 6] })
  await poll('its load', 5000, () => b.view(a)?.load.running === 3)
  assert.deepEqual(b.view(a)?.load.prefixes, first)
  a.membership.reportLoad({ ...idle, prefixes: [6, 7] })
  await poll('what it keeps now', 5000, () => b.view(a)?.load.prefixes?.[1] === 7)
})

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
  const prefixes = [5, 6]
  a.membership.reportLoad({ ...idle, prefixes })
  await poll('what it keeps', 5000, () => b.view(a)?.load.prefixes?.length === 2)
  const first = b.view(a)?.load.prefixes
  assert.deepEqual(first, prefixes)
  a.membership.reportLoad({ ...idle, running: 3, prefixes })
  await poll('its load', 5000, () => b.view(a)?.load.running === 3)
  assert.equal(b.view(a)?.load.prefixes, first, 'not told again, and not forgotten')
  a.membership.reportLoad({ ...idle, prefixes: [6, 7] })
  await poll('what it keeps now', 5000, () => b.view(a)?.load.prefixes?.[1] === 7)
})

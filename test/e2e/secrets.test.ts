import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startLocalAi } from '../support/local-ai.ts'

const BIN = fileURLToPath(new URL('../../bin/local-ai.mjs', import.meta.url))
const skip = process.platform === 'linux' ? false : 'needs /proc'

it('a key on the command line opens the API, and cannot be read in the process list', { skip }, async () => {
  await using node = await startLocalAi({
    command: [process.execPath, BIN],
    arguments: ['--api-keys', 'open-sesame', '--machine-tag=seen'],
  })
  const line = readFileSync(`/proc/${node.pid}/cmdline`, 'utf8')
  assert.doesNotMatch(line, /open-sesame/)
  const refused = await fetch(`${node.url}/v1/models`)
  assert.equal(refused.status, 401)
  assert.equal(refused.headers.get('www-authenticate'), 'Bearer')
  const answered = await fetch(`${node.url}/v1/models`, { headers: { authorization: 'Bearer open-sesame' } })
  assert.equal(answered.status, 200)
  assert.equal(answered.headers.get('machine-tag'), 'seen', 'the other flags are still there')
  assert.ok(!JSON.stringify(node.log).includes('open-sesame'))
})

it('a flag behind one whose value was forgotten is not taken for the key', () => {
  const words = ['p2p', 'peers', '--endpoint', 'http://127.0.0.1:1', '--api-key', '--json']
  const ended = spawnSync(process.execPath, [BIN, ...words], { encoding: 'utf8', timeout: 30_000 })
  assert.equal(ended.status, 80)
  assert.match(ended.stderr, /^local-ai: error: --api-key: expected string value but got/m)
})

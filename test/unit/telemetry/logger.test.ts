import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { withoutSecrets } from '../../../src/telemetry/logger.ts'

test('what is called a secret is hidden, one level down as well, and nothing else is touched', () => {
  const fields = { id: 'a', token: 'tok', peer: { apiKey: 'key', name: 'n' }, list: [1], none: undefined }
  assert.deepEqual(withoutSecrets(fields), {
    id: 'a',
    token: '[hidden]',
    peer: { apiKey: '[hidden]', name: 'n' },
    list: [1],
    none: undefined,
  })
  assert.equal(fields.token, 'tok')
  const harmless = { id: 'a', peer: { name: 'n' } }
  assert.equal(withoutSecrets(harmless), harmless)
})

test('no line is lost when the process ends in the turn in which it was logged', () => {
  const logger = fileURLToPath(new URL('../../../src/telemetry/logger.ts', import.meta.url))
  const program = `
    const { createLogger } = await import(${JSON.stringify(logger)})
    const log = createLogger({ level: 'info', format: 'json' })
    for (let at = 0; at < 1000; at += 1) log.info({ at }, 'line')
    process.exit(0)`
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  const lines = stderr.trim().split('\n')
  assert.equal(lines.length, 1000)
  assert.equal(JSON.parse(lines[999] ?? '').at, 999)
})

import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
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

const LOGGER = fileURLToPath(new URL('../../../src/telemetry/logger.ts', import.meta.url))

test('no line is lost when the process ends in the turn in which it was logged', () => {
  const program = `
    const { createLogger } = await import(${JSON.stringify(LOGGER)})
    const log = createLogger({ level: 'info', format: 'json' })
    for (let at = 0; at < 1000; at += 1) log.info({ at }, 'line')
    process.exit(0)`
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' })
  const lines = stderr.trim().split('\n')
  assert.equal(lines.length, 1000)
  assert.equal(JSON.parse(lines[999] ?? '').at, 999)
})

test('a process lives on when whoever read its log is gone', { timeout: 30_000 }, async () => {
  const program = `
    const { createLogger } = await import(${JSON.stringify(LOGGER)})
    const log = createLogger({ level: 'info', format: 'json' })
    log.info('first')
    process.stdin.once('data', () => {
      log.info('nobody reads this')
      setImmediate(() => setImmediate(() => process.exit(7)))
    })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  await once(createInterface({ input: child.stderr }), 'line')
  child.stderr.destroy()
  await once(child.stderr, 'close')
  child.stdin.write('go\n')
  assert.deepEqual(await exited, [7, null])
})

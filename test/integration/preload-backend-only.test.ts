import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { isProcessAlive } from '../../src/base/process-alive.ts'
import { composeNode } from '../../src/compose/compose-node.ts'
import { resolveSettings } from '../../src/config/resolve-settings.ts'
import { runSettings } from '../../src/config/settings.ts'
import { poll } from '../support/poll.ts'
import { memoryLog } from '../unit/models/memory-log.ts'

it('[CLI-PRELOAD-BACKEND-ONLY] loads models and keeps their backends, without an API', {
  timeout: 100_000,
}, async () => {
  const root = await mkdtemp(join(tmpdir(), 'local-ai-preload-'))
  const memory = memoryLog()
  const folders = { modelsPath: 'models', backendsPath: 'backends', dataPath: 'data', configPath: 'configuration' }
  const paths = Object.fromEntries(Object.entries(folders).map(([name, folder]) => [name, join(root, folder)]))
  const settings = {
    ...resolveSettings(runSettings, {}, {}),
    ...paths,
    ...{ preloadBackendOnly: true, loadToMemory: ['tiny-chat'], autobuildLlamaServer: false },
  }
  const environment = process.env
  const context = { log: memory.log, environment, explicit: new Set<string>(), onFounded: () => assert.fail() }
  const said = (message: string) => memory.lines.find(({ msg }) => msg === message)
  let backend = 0
  try {
    await using node = await composeNode(settings, context)
    await node.start()
    assert.ok(said('model is loaded'))
    assert.ok(said('the models are there; the API is switched off'))
    assert.equal(said('HTTP API is listening'), undefined)
    backend = Number((said('model in memory') as { process?: number } | undefined)?.process)
    assert.ok(isProcessAlive(backend))
  } finally {
    await rm(root, { recursive: true, force: true })
  }
  await poll('the backend is gone', 5_000, () => !isProcessAlive(backend))
})

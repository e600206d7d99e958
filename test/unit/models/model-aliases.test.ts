import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { createModelRegistry } from '../../../src/models/create-model-registry.ts'
import { memoryLog } from './memory-log.ts'

let models = ''

beforeEach(async () => {
  models = await mkdtemp(join(tmpdir(), 'local-ai-aliases-'))
})
afterEach(async () => {
  await rm(models, { recursive: true, force: true })
})

const put = async (name: string, text: string): Promise<void> => await writeFile(join(models, name), text)

async function read() {
  const memory = memoryLog()
  const registry = createModelRegistry({ log: memory.log }, { modelsPath: models })
  await registry.reload()
  return { registry, memory, ids: registry.list().map(({ id }) => id) }
}

describe('names that point to another model', () => {
  it('are listed, and find that model, over other aliases too', async () => {
    await put('real.yaml', 'name: real\nbackend: whisper')
    await put('alias.yaml', '- {name: gpt-4, alias: real}\n- {name: best, alias: gpt-4}')
    const { registry, memory, ids } = await read()
    assert.deepEqual(ids, ['real', 'gpt-4', 'best'])
    assert.equal(registry.find('gpt-4'), registry.find('real'))
    assert.equal(registry.find('best')?.name, 'real')
    assert.deepEqual(memory.warnings(), [])
  })

  it('are told of when they lead nowhere or round in a circle', async () => {
    await put('alias.yaml', '- {name: a, alias: nothing}\n- {name: b, alias: c}\n- {name: c, alias: b}')
    const { registry, memory, ids } = await read()
    assert.deepEqual(ids, [])
    assert.equal(registry.find('a'), undefined)
    assert.deepEqual(memory.warnings(), [
      'alias.yaml: the alias "a" points to "nothing", and there is no such model',
      'alias.yaml: the alias "b" leads round in a circle, or over more than 8 others',
      'alias.yaml: the alias "c" leads round in a circle, or over more than 8 others',
    ])
  })

  it('take the place of an earlier model of that name, and the other way round', async () => {
    await put('1.yaml', '- {name: a, backend: whisper}\n- {name: b, backend: piper}\n- {name: c, alias: a}')
    await put('2.yaml', '- {name: a, alias: b}\n- {name: c, backend: bark}')
    const { registry, ids } = await read()
    assert.deepEqual(ids, ['b', 'c', 'a'])
    assert.equal(registry.find('a')?.backend, 'piper')
    assert.equal(registry.find('c')?.backend, 'bark')
  })
})

describe('what a configuration says of the life of a model', () => {
  it('keeps a disabled model out of the list, where requests still find it to be told', async () => {
    await put('m.yaml', '- {name: a, disabled: true}\n- {name: b, alias: a}\n- {name: c, disabled: no}')
    const { registry, ids } = await read()
    assert.deepEqual(ids, ['c'])
    assert.equal(registry.find('b')?.disabled, true)
    assert.equal(registry.find('c')?.disabled, false)
    assert.equal(registry.fallback('chat')?.name, 'c')
  })

  it('reads limits, groups and whether it is pinned', async () => {
    await put(
      'm.yaml',
      'name: a\npinned: yes\nlimits: {max_concurrent: 3, retry_after_seconds: 20}\nconcurrency_groups: [gpu, big]',
    )
    const { registry, memory } = await read()
    const { pinned, limits, concurrencyGroups } = registry.find('a') ?? {}
    assert.deepEqual(
      { pinned, limits, concurrencyGroups },
      {
        pinned: true,
        limits: { maxConcurrent: 3, retryAfterMs: 20_000 },
        concurrencyGroups: ['gpu', 'big'],
      },
    )
    assert.deepEqual(memory.warnings(), [])
  })

  it('counts the readings, and takes the defaults of now for each', async () => {
    let threads = 3
    const registry = createModelRegistry(
      { log: memoryLog().log },
      { modelsPath: models, defaults: () => ({ threads }) },
    )
    await put('m.yaml', 'name: a')
    await registry.reload()
    assert.deepEqual([registry.find('a')?.threads, registry.find('a')?.revision], [3, undefined])
    threads = 5
    await registry.reload()
    assert.deepEqual([registry.find('a')?.threads, registry.find('a')?.revision], [5, 1])
  })
})

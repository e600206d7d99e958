import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createBackendCatalog, isGgufFile } from '../../src/backends/backend-catalog.ts'

describe('installed backends', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catalog-'))
  })
  after(() => rm(folder, { recursive: true }))

  async function install(path: string, metadata?: string, run = true): Promise<void> {
    const home = join(folder, path)
    await mkdir(home, { recursive: true })
    if (run) await writeFile(join(home, 'run.sh'), '#!/bin/sh\n')
    if (metadata !== undefined) await writeFile(join(home, 'metadata.json'), metadata)
  }

  it('are found by folder, alias and stand-in, each name once', async () => {
    await install('own/cpu-llama-cpp', '{"alias":"llama-cpp","name":"cpu-llama-cpp"}')
    await install('own/Piper')
    await install('own/vllm', '{"meta_backend_for":"cuda12-vllm"}', false)
    await install('own/cuda12-vllm', '{"alias":"vllm"}')
    await install('own/broken', '{"alias":')
    await install('own/empty', '{"alias":"nothing"}', false)
    await install('own/.staging')
    await install('system/piper')
    await install('system/whisper', `{"alias":"huge${' '.repeat(70_000)}"}`)
    const catalog = createBackendCatalog({
      builtins: [],
      external: [{ name: 'whisper', uri: '127.0.0.1:1' }],
      backendsPath: join(folder, 'own'),
      systemPath: join(folder, 'system'),
    })
    assert.deepEqual(await catalog.names(), [
      'broken',
      'cpu-llama-cpp',
      'cuda12-vllm',
      'llama-cpp',
      'piper',
      'vllm',
      'whisper',
    ])
    const commandOf = async (name: string) => {
      const target = await catalog.resolve(name, 'x')
      return target.kind === 'program' ? [target.program.kind, target.program.command] : [target.kind, target.address]
    }
    assert.deepEqual(await commandOf('llama'), ['guarded', join(folder, 'own/cpu-llama-cpp/run.sh')])
    assert.deepEqual(await commandOf('vllm'), ['guarded', join(folder, 'own/cuda12-vllm/run.sh')])
    assert.deepEqual(await commandOf('PIPER'), ['guarded', join(folder, 'own/Piper/run.sh')])
    assert.deepEqual(await commandOf('whisper'), ['address', '127.0.0.1:1'])
    await rm(join(folder, 'own/Piper'), { recursive: true })
    assert.deepEqual(await commandOf('piper'), ['guarded', join(folder, 'system/piper/run.sh')])
  })

  it('may have no folder to be in yet', async () => {
    const catalog = createBackendCatalog({ builtins: [], external: [], backendsPath: join(folder, 'not yet') })
    assert.deepEqual(await catalog.names(), [])
  })

  it('are not asked for a GGUF file, whatever it is called', async () => {
    await writeFile(join(folder, 'disguised'), 'GGUF and more')
    await writeFile(join(folder, 'short'), 'GG')
    assert.equal(await isGgufFile(join(folder, 'disguised')), true)
    assert.equal(await isGgufFile(join(folder, 'short')), false)
    assert.equal(await isGgufFile(folder), false)
    assert.equal(await isGgufFile(join(folder, 'missing')), false)
    assert.equal(await isGgufFile(join(folder, 'missing.GGUF')), true)
  })
})

import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { buildLlamaRpc, findLlamaRpc } from '../../../src/gallery/llama-rpc/build-llama-rpc.ts'
import { makeCompiler, makeEngine } from '../../support/pretended-engine.ts'

const skip = process.platform !== 'linux' && 'the pretended engine has the libraries of Linux'

describe('building what splits models over machines', { skip, timeout: 60_000 }, () => {
  let engineRoot: string
  let workDir: string
  before(async () => {
    engineRoot = await mkdtemp(join(tmpdir(), 'llama-rpc-engine-'))
    workDir = await mkdtemp(join(tmpdir(), 'llama-rpc-build-'))
    await makeEngine(engineRoot)
  })
  after(async () => {
    for (const folder of [engineRoot, workDir]) await rm(folder, { recursive: true, force: true })
  })
  const compiler = async (): Promise<string> =>
    await makeCompiler({ folder: workDir, calls: join(workDir, 'calls') }, {})
  const folders = async (cacheDir: string): Promise<readonly string[]> => await readdir(join(cacheDir, 'llama-rpc'))

  it('keeps what has answered, with the version that it speaks', async () => {
    const init = { cacheDir: join(workDir, 'good'), engineRoot }
    assert.equal(await findLlamaRpc(init), undefined)
    const asked: string[] = []
    const probe = async (made: { readonly program: string; readonly librariesDir: string }): Promise<string> => {
      asked.push(...(await readdir(made.librariesDir)))
      return '7.0.1'
    }
    const built = await buildLlamaRpc({ ...init, probe }, { compiler: await compiler(), jobs: 2 })
    const parts = ['libggml-base.so', 'libggml-cpu-x64.so', 'llama-rpc-plugin.so', 'llama-rpc-worker']
    assert.deepEqual(asked.sort(), parts)
    assert.deepEqual(await findLlamaRpc(init), built)
    assert.equal(built.protocol, '7.0.1')
    assert.match(built.build, /^9\.9\.9-linux-/)
    assert.deepEqual((await readdir(built.librariesDir)).sort(), [...parts, 'protocol.txt'])
    // The plug-in finds ggml in the process that loads it: a path of its own could bring a second one.
    const calls = await readFile(join(workDir, 'calls'), 'utf8')
    assert.match(calls, /llama-rpc-plugin\.so$/m)
    const never = async (): Promise<string> => assert.fail('it is there')
    assert.deepEqual(await buildLlamaRpc({ ...init, probe: never }, { compiler: 'none' }), built)
  })

  it('keeps nothing that does not answer, and says why', async () => {
    const init = { cacheDir: join(workDir, 'bad'), engineRoot }
    const probe = async (): Promise<string> => {
      throw new AppError('worker.lost', 'it said nothing')
    }
    await assert.rejects(buildLlamaRpc({ ...init, probe }, { compiler: await compiler() }), {
      code: 'backend.build-failed',
      message: 'the worker just built is of no use here: it said nothing',
    })
    assert.deepEqual(await folders(init.cacheDir), [])
  })

  it('needs the packages of the engine', async () => {
    const init = { cacheDir: join(workDir, 'none'), engineRoot: workDir }
    const building = buildLlamaRpc({ ...init, probe: async () => '7.0.0' })
    await assert.rejects(building, { code: 'backend.build-failed', message: /must be installed$/ })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createBackendCatalog, parseExternalBackends } from '../../../src/backends/backend-catalog.ts'
import { chooseInstalled } from '../../../src/backends/installed-backends.ts'
import { AppError } from '../../../src/base/errors.ts'

describe('--external-grpc-backends entries', () => {
  it('are split at the first colon', () => {
    assert.deepEqual(parseExternalBackends(['My:127.0.0.1:50051', 'x:/opt/x/run.sh', 'u:unix:/tmp/s']), [
      { name: 'my', uri: '127.0.0.1:50051' },
      { name: 'x', uri: '/opt/x/run.sh' },
      { name: 'u', uri: 'unix:/tmp/s' },
    ])
    assert.deepEqual(parseExternalBackends([]), [])
  })

  for (const entry of ['noColon', ':127.0.0.1:1', 'name:', ' : ', '']) {
    it(`"${entry}" is a usage error`, () => {
      assert.throws(
        () => parseExternalBackends([entry]),
        (error) => error instanceof AppError && error.code === 'config.invalid' && error.message.includes(`"${entry}"`),
      )
    })
  }
})

describe('the choice between installed variants', () => {
  const backend = (name: string, alias?: string) => ({
    name,
    command: `/b/${name}/run.sh`,
    ...(alias ? { alias } : {}),
  })
  const installed = [
    backend('cpu-llama-cpp', 'llama-cpp'),
    backend('cuda12-llama-cpp', 'llama-cpp'),
    backend('llama-cpp'),
    backend('other'),
  ]

  it('follows the hardware, an alias before a folder of that name', () => {
    assert.equal(chooseInstalled(installed, 'llama-cpp', ['cuda', 'cpu']), '/b/cuda12-llama-cpp/run.sh')
    assert.equal(chooseInstalled(installed, 'llama-cpp', ['cpu']), '/b/cpu-llama-cpp/run.sh')
    assert.equal(chooseInstalled(installed, 'llama-cpp', ['metal']), '/b/cpu-llama-cpp/run.sh')
  })

  it('knows each by its own name, too', () => {
    assert.equal(chooseInstalled(installed, 'cuda12-llama-cpp', ['cpu']), '/b/cuda12-llama-cpp/run.sh')
    assert.equal(chooseInstalled(installed, 'other', ['cpu']), '/b/other/run.sh')
    assert.equal(chooseInstalled(installed, 'missing', ['cpu']), undefined)
  })
})

describe('the backend for a model', () => {
  const builtins = [{ name: 'llama-cpp', command: '/node', args: ['main.js'], directory: '/app' }]
  const catalog = createBackendCatalog({ builtins, external: [{ name: 'Remote', uri: ':50051' }] })

  it('is ours for a GGUF without a word, and under its older names', async () => {
    for (const name of [undefined, '', ' LLAMA-CPP ', 'llama', 'go-llama']) {
      assert.deepEqual(await catalog.resolve(name, '/m/x.GGUF'), {
        name: 'llama-cpp',
        builtin: true,
        kind: 'program',
        program: { kind: 'lifeline', command: '/node', args: ['main.js'], environment: {}, directory: '/app' },
      })
    }
  })

  it('is the attached one, at this machine when no host is named', async () => {
    assert.deepEqual(await catalog.resolve('remote', '/m/x'), {
      name: 'remote',
      builtin: false,
      kind: 'address',
      address: '127.0.0.1:50051',
    })
  })

  it('is the attached one even under the name of ours', async () => {
    const replaced = createBackendCatalog({ builtins, external: [{ name: 'llama-cpp', uri: 'unix:/tmp/x' }] })
    const target = await replaced.resolve(undefined, 'x.gguf')
    assert.equal(target.kind === 'address' && target.address, 'unix:/tmp/x')
    assert.deepEqual(await replaced.names(), ['llama-cpp'])
  })

  it('keeps the type that its name implies', async () => {
    const transformers = createBackendCatalog({ builtins: [], external: [{ name: 'transformers', uri: 'h:1' }] })
    const target = await transformers.resolve('sentencetransformers', 'x')
    assert.deepEqual([target.name, target.type], ['transformers', 'SentenceTransformer'])
  })

  it('is an error that says what there is', async () => {
    const message = async (name: string | undefined, of = catalog) =>
      await of.resolve(name, '/nowhere/x.bin').then(
        () => assert.fail('it was found'),
        (error: AppError) => {
          assert.equal(error.code, 'backend.not-found')
          return error.message
        },
      )
    assert.equal(await message('Missing'), 'backend not found: missing; there is: llama-cpp, remote')
    assert.equal(
      await message(undefined),
      'the model names no backend, and its file is not a GGUF; there is: llama-cpp, remote',
    )
    assert.equal(await message(undefined, createBackendCatalog({ builtins: [], external: [] })), 'no backends found')
  })
})

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { COMPILE_CACHE } from '../support/compile-cache.ts'
import { MAIN, startLocalAi } from '../support/local-ai.ts'

describe('the command line', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'local-ai-cli-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  type Said = { readonly code: number; readonly stdout: string; readonly stderr: string }

  function localAi(...given: readonly (string | Readonly<Record<string, string>>)[]): Promise<Said> {
    const words = given.filter((word) => typeof word === 'string')
    const { NO_COLOR: _, ...inherited } = process.env
    const env = { ...inherited, NODE_COMPILE_CACHE: COMPILE_CACHE, ...given.find((word) => typeof word === 'object') }
    return new Promise((resolve) => {
      execFile(process.execPath, [MAIN, ...words], { cwd: folder, timeout: 60_000, env }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })
  }

  function shell(script: string): Promise<Said> {
    return new Promise((resolve) => {
      execFile('/bin/sh', ['-c', script], { cwd: folder, timeout: 60_000 }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr })
      })
    })
  }

  it('prints help with groups, variables and examples on stdout, exit 0', async () => {
    const { code, stdout } = await localAi('run', '--help')
    assert.equal(code, 0)
    for (const part of ['Storage:', 'API:', '--models-path', '$LOCALAI_MODELS_PATH', 'Examples:']) {
      assert.ok(stdout.includes(part), `${part} is not in the help`)
    }
  })

  it('[CLI-HELP] colours it where that is wanted, and nowhere else', async () => {
    const forced = await localAi({ FORCE_COLOR: '1' }, 'models', '--help')
    assert.ok(forced.stdout.includes('\u001b[1mCommands:'), forced.stdout)
    const plain = await localAi({}, 'help', 'models')
    assert.equal(stripVTControlCharacters(forced.stdout), plain.stdout)
  })

  it('[CLI-DEPRECATED] --debug works, and says what to use instead', async () => {
    const { code, stderr } = await localAi('--debug', 'models', 'list')
    assert.equal(code, 0)
    assert.match(stderr, /WARN.*--debug is deprecated: use --log-level=debug/)
  })

  it('[CLI-UTIL-GGUF-INFO] without a file fails as LocalAI does', async () => {
    const { code, stderr } = await localAi('util', 'gguf-info')
    assert.equal(code, 1)
    assert.match(stderr, /no GGUF file provided/)
  })

  it('prints its version', async () => {
    const { code, stdout } = await localAi('run', '--version')
    assert.equal(code, 0)
    assert.match(stdout, /^v\d+\.\d+\.\d+\n$/)
  })

  it('a reader that has left makes no noise', async () => {
    const script = [process.execPath, MAIN, 'models', 'list', '--json'].map((word) => `'${word}'`).join(' ')
    // It is gone long before the program has started.
    const { code, stderr } = await shell(`{ ${script}; echo "exit $?" >&2; } | true`)
    assert.equal(code, 0)
    assert.equal(stderr, 'exit 0\n')
  })

  it('what a full disk does not take is an error in one line', { skip: !existsSync('/dev/full') }, async () => {
    const script = [process.execPath, MAIN, 'completion', 'bash'].map((word) => `'${word}'`).join(' ')
    const { code, stderr } = await shell(`${script} > /dev/full`)
    assert.equal(code, 1)
    assert.equal(stderr, 'local-ai: error: not everything could be printed (ENOSPC)\n')
  })

  const mistakes: readonly (readonly [words: readonly string[], said: RegExp])[] = [
    [['--treads', '4'], /^local-ai: error: unknown flag --treads, did you mean "--threads"\?$/m],
    [['modles'], /modles.*did you mean "models"\?/],
    [['--threads', '4', 'models'], /a command stands before its flags/],
    [['--threads', 'many'], /--threads: expected a valid 64 bit int but got "many"/],
    [['--log-level', 'loud'], /--log-level must be one of "error",.* but got "loud"/],
    [['models', 'delete'], /expected "<model/],
    [['tts', 'hello'], /missing flags: --model=STRING/],
    [['worker', 'p2p-mlx'], /worker p2p-mlx is a command of LocalAI that this program does not have/],
    [['worker', 'p2p-llama-cpp-rpc', '--runner-port', '1'], /add --no-runner/],
    [['worker', 'llama-cpp-rpc', '--', '-H', '0.0.0.0'], /add --insecure/],
    [['--external-grpc-backends', 'nocolon'], /NAME:URI/],
    [['--address', 'nonsense'], /address/],
  ]
  for (const [words, said] of mistakes) {
    it(`exits 80 and says what is wrong: ${words.join(' ')}`, async () => {
      const { code, stdout, stderr } = await localAi(...words)
      assert.equal(code, 80, stderr)
      assert.match(stderr, said)
      assert.match(stdout, /^Usage: local-ai .*\n$/)
      assert.doesNotMatch(stderr, /\n\s+at /)
    })
  }

  it('[CLI-models-list] lists models for people and for scripts', async () => {
    const people = await localAi('models', 'list')
    assert.match(people.stdout, /^ - local-ai@smollm2-135m-instruct$/m)
    const scripts = await localAi('models', '--json')
    const models = JSON.parse(scripts.stdout) as { name: string; installed: boolean }[]
    assert.ok(models.some((model) => model.name === 'smollm2-135m-instruct' && model.installed === false))
    assert.ok(!people.stdout.includes('\u001b'), 'no colours off a terminal')
  })

  it('lists backends', async () => {
    const { code, stdout } = await localAi('backends', 'list', '--json')
    assert.equal(code, 0)
    const names = (JSON.parse(stdout) as { name: string }[]).map((backend) => backend.name)
    for (const name of ['llama-cpp', 'llama-server', 'llama-rpc', 'llama-cpp-cuda'])
      assert.ok(names.includes(name), name)
  })

  it('says that a node is in no network, whichever way it is asked', async () => {
    await using node = await startLocalAi()
    for (const command of ['status', 'peers', 'members']) {
      for (const words of [[], ['--json']]) {
        const { code, stdout, stderr } = await localAi('p2p', command, '--endpoint', node.url, ...words)
        assert.deepEqual([code, stdout], [1, ''], command)
        assert.match(stderr, /this node is in no network: start it with --p2p/)
      }
    }
  })

  it('reports a model that cannot be installed with every source that was tried', async () => {
    const { code, stderr } = await localAi('models', 'install', 'file:///no/such/model.gguf')
    assert.equal(code, 1)
    assert.match(stderr, /no\/such\/model\.gguf/)
  })
})

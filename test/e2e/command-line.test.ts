import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))

describe('the command line', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'local-ai-cli-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  function localAi(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve) => {
      execFile(process.execPath, [MAIN, ...words], { cwd: folder, timeout: 60_000 }, (error, stdout, stderr) => {
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

  it('prints its version', async () => {
    const { code, stdout } = await localAi('run', '--version')
    assert.equal(code, 0)
    assert.match(stdout, /^v\d+\.\d+\.\d+\n$/)
  })

  const mistakes: readonly (readonly [words: readonly string[], said: RegExp])[] = [
    [['--treads', '4'], /unknown flag --treads, did you mean "--threads"\?/],
    [['modles'], /modles.*did you mean "models"\?/],
    [['fed rated'], /neither a command nor a model/],
    [['--threads', 'many'], /--threads: expected a valid 64 bit int but got "many"/],
    [['--threads'], /--threads: missing value/],
    [['--f16=maybe'], /bool value must be/],
    [['--log-level', 'loud'], /must be one of "error"/],
    [['models', 'delete'], /expected "<model/],
    [['backends', 'list', 'extra'], /unexpected argument/],
    [['--external-grpc-backends', 'nocolon'], /NAME:URI/],
    [['--address', 'nonsense'], /address/],
  ]
  for (const [words, said] of mistakes) {
    it(`exits 80 and says what is wrong: ${words.join(' ')}`, async () => {
      const { code, stdout, stderr } = await localAi(...words)
      assert.equal(code, 80, stderr)
      assert.match(stderr, said)
      assert.equal(stdout, '')
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
    for (const name of ['llama-cpp', 'llama-server', 'llama-cpp-cuda']) assert.ok(names.includes(name), name)
  })

  it('reports a model that cannot be installed with every source that was tried', async () => {
    const { code, stderr } = await localAi('models', 'install', 'file:///no/such/model.gguf')
    assert.equal(code, 1)
    assert.match(stderr, /no\/such\/model\.gguf/)
  })
})

import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants, existsSync, openSync } from 'node:fs'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { AppError } from '../../../src/base/errors.ts'
import { createLlamaServerLoader } from '../../../src/builtin/llama-cpp/llama-server/load-llama-server.ts'
import { generate, loadOptions, readAnswer, toRequest } from '../../compliance/llama-engine.ts'
import { llamaServerForTests } from '../../support/llama-server.ts'
import { tinyChat } from '../../support/tiny-models.ts'

const found = await llamaServerForTests()
const skip = 'missing' in found && found.missing
const hasCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof AppError && error.code === code

describe('the llama-server process', { skip, timeout: 60_000 }, () => {
  let folder: string
  let wrapper: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'llama-process-'))
    wrapper = await saveWrapper(folder, 'binary' in found ? found.binary : '')
  })
  after(async () => {
    for (const parent of parents) parent.kill('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  })

  it('fails running and later calls when it dies', async () => {
    await using engine = await createLlamaServerLoader({ binary: wrapper })(loadOptions(tinyChat()))
    const running = engine.generate(toRequest({ maxTokens: 0, sampling: { ignoreEos: true } }))
    await running.next()
    process.kill(await readPid(folder), 'SIGKILL')
    await assert.rejects(readAnswer(running), hasCode('backend.died'))
    await assert.rejects(generate(engine, {}), hasCode('backend.died'))
    await assert.rejects(engine.tokenize('hi'), hasCode('backend.died'))
    assert.equal(engine.status().busySequences, 0)
    assert.equal(engine.status().memoryBytes, 0)
  })
  it('ends with the process that started it, even when that is killed', async () => {
    // llama-server inherits the writing end of this pipe and nobody else has it: reading ends when llama-server does.
    const pipe = join(folder, 'alive')
    execFileSync('mkfifo', [pipe])
    const fd = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK)
    const parent = startParent({ binary: wrapper, modelFile: tinyChat(), temporary: folder })
    await isOpen(parent)
    await rm(pipe)
    const ended = once(new Socket({ fd, readable: true, writable: false }).resume(), 'end')
    parent.kill('SIGKILL')
    await ended
  })
  it('leaves nothing behind when it is closed', async () => {
    const own = await mkdtemp(join(folder, 'tmp-'))
    const parent = startParent({ binary: wrapper, modelFile: tinyChat(), temporary: own })
    await isOpen(parent)
    assert.equal((await readdir(own)).length, 1)
    parent.stdin?.end()
    const [code] = await once(parent, 'exit')
    assert.equal(code, 0)
    assert.deepEqual(await readdir(own), [])
    assert.ok(!existsSync(`/proc/${await readPid(folder)}`))
  })
  it('has its socket in the folder that it is given, and takes it along', async () => {
    const own = await mkdtemp(join(folder, 'own-'))
    const load = createLlamaServerLoader({ binary: wrapper, folder: own })
    {
      await using _engine = await load(loadOptions(tinyChat()))
      const [name, ...more] = await readdir(own)
      assert.match(name ?? '', /^[0-9a-f]{6}\.sock$/)
      assert.deepEqual(more, [])
    }
    assert.deepEqual(await readdir(own), [])
  })
  it('says what it said when it does not start', async () => {
    const broken = join(folder, 'broken')
    await writeFile(broken, '#!/bin/sh\necho "no luck today" >&2\nexit 7\n')
    await chmod(broken, 0o755)
    await assert.rejects(createLlamaServerLoader({ binary: broken })(loadOptions(tinyChat())), (error) => {
      assert.ok(hasCode('backend.load-failed')(error))
      assert.match((error as AppError).message, /exit code 7: no luck today/)
      return true
    })
    const missing = createLlamaServerLoader({ binary: join(folder, 'nowhere') })
    await assert.rejects(missing(loadOptions(tinyChat())), hasCode('backend.load-failed'))
  })
  it('sees of the environment what it was given, but no options of its own', async () => {
    const environment = { LLAMA_ARG_CTX_SIZE: '64', LLAMA_API_KEY: 'x', SEEN: 'yes', PATH: process.env['PATH'] }
    await using engine = await createLlamaServerLoader({ binary: wrapper, environment })(loadOptions(tinyChat()))
    const seen = await readFile(join(folder, 'environment'), 'utf8')
    assert.match(seen, /^SEEN=yes$/m)
    assert.match(seen, /^GGML_NO_BACKTRACE=1$/m)
    assert.doesNotMatch(seen, /LLAMA_ARG|LLAMA_API_KEY|^HOME=/m)
    assert.equal((await generate(engine, {})).text, 'Paris is the capital of France.')
  })
})

/** Becomes llama-server, after writing down its process id and environment, and holding on to a pipe when there is one. */
async function saveWrapper(folder: string, binary: string): Promise<string> {
  const wrapper = join(folder, 'wrapper')
  const lines = [
    '#!/bin/sh',
    `echo $$ > '${folder}/pid'`,
    `/usr/bin/env > '${folder}/environment'`,
    `[ -p '${folder}/alive' ] && exec 9> '${folder}/alive'`,
    `exec '${binary}' "$@"`,
  ]
  await writeFile(wrapper, `${lines.join('\n')}\n`)
  await chmod(wrapper, 0o755)
  return wrapper
}

async function readPid(folder: string): Promise<number> {
  return Number(await readFile(join(folder, 'pid'), 'utf8'))
}

const parents: ChildProcess[] = []

/** A process that has a model open until its standard input ends. */
function startParent(init: { binary: string; modelFile: string; temporary?: string }): ChildProcess {
  const loader = fileURLToPath(
    new URL('../../../src/builtin/llama-cpp/llama-server/load-llama-server.ts', import.meta.url),
  )
  const script = `
    import { createLlamaServerLoader } from ${JSON.stringify(loader)}
    const engine = await createLlamaServerLoader({ binary: ${JSON.stringify(init.binary)} })(
      ${JSON.stringify(loadOptions(init.modelFile))})
    console.log('open')
    process.stdin.resume().on('end', () => engine[Symbol.asyncDispose]())`
  const environment = { ...process.env, ...(init.temporary === undefined ? {} : { TMPDIR: init.temporary }) }
  const parent = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: environment,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  parents.push(parent)
  return parent
}

/** Among what llama-server says there is a word of the parent's own. */
async function isOpen(child: ChildProcess): Promise<void> {
  assert.ok(child.stdout !== null)
  const lines = createInterface({ input: child.stdout })
  for await (const line of lines) if (line === 'open') return
  assert.fail('the parent has ended')
}

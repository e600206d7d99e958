import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { startFileServer } from '../support/file-server.ts'
import { MAIN } from '../support/local-ai.ts'

const UNTIL_SIGNAL = new URL('../../src/cli/until-signal.ts', import.meta.url)

/** Runs a module, and gives how it ended and what it said on both streams. */
async function run(...words: readonly string[]) {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [stdout, stderr, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>,
  ])
  return { stdout, stderr, code, signal }
}

describe('a command that is interrupted', () => {
  it('has the time to tidy up when a launcher passes on the Ctrl-C that the terminal has sent already', async () => {
    const script = `
      const { abortOnSignal } = await import(${JSON.stringify(UNTIL_SIGNAL)})
      const { once } = await import('node:events')
      using interrupted = abortOnSignal()
      const aborted = once(interrupted.signal, 'abort')
      const work = setInterval(() => {}, 1000)
      process.kill(process.pid, 'SIGINT')
      await aborted
      process.kill(process.pid, 'SIGINT')
      console.log('tidied up')
      clearInterval(work)`
    const ended = await run('--input-type=module', '-e', script)
    assert.deepEqual(ended, { stdout: 'tidied up\n', stderr: '', code: 0, signal: null })
  })

  it('ends when the launcher that started it was gone before there was anything to run', {
    timeout: 20_000,
  }, async () => {
    const script = `
      const { runUntilSignal } = await import(${JSON.stringify(UNTIL_SIGNAL)})
      const { once } = await import('node:events')
      // Reads the galleries, say, before there is a node.
      if (process.connected) await once(process, 'disconnect')
      const server = setInterval(() => {}, 1000)
      const stop = async () => clearInterval(server)
      await runUntilSignal({ start: async () => {}, stop, [Symbol.asyncDispose]: stop }, { info() {} })
      console.log('ended')`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    })
    const watched = setTimeout(() => child.kill('SIGKILL'), 10_000)
    child.disconnect()
    const [said, [code]] = await Promise.all([text(child.stdout as NodeJS.ReadableStream), once(child, 'exit')])
    clearTimeout(watched)
    assert.deepEqual([said, code], ['ended\n', 0])
  })

  it('goes on after a hang-up where there is no terminal, as behind nohup', async () => {
    const script = `
      const { abortOnSignal } = await import(${JSON.stringify(UNTIL_SIGNAL)})
      const { once } = await import('node:events')
      using interrupted = abortOnSignal()
      const heard = once(process, 'SIGHUP')
      const work = setInterval(() => {}, 1000)
      process.kill(process.pid, 'SIGHUP')
      await heard
      console.log(interrupted.signal.aborted)
      clearInterval(work)`
    const ended = await run('--input-type=module', '-e', script)
    assert.deepEqual(ended, { stdout: 'false\n', stderr: '', code: 0, signal: null })
  })

  it('says so in one line and leaves no lock behind', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'local-ai-interrupted-'))
    const asked = Promise.withResolvers<void>()
    await using server = await startFileServer((_request, response) => {
      response.writeHead(200, { 'content-length': '1000000' }).write('GGUF')
      asked.resolve()
    })
    const words = ['models', 'install', `${server.origin}/endless.gguf`, '--models-path', folder]
    const child = spawn(process.execPath, [MAIN, ...words, '--allow-private-downloads'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const said = text(child.stderr)
    await asked.promise
    child.kill('SIGTERM')
    const [code] = await once(child, 'close')
    assert.equal(code, 1)
    assert.equal(
      (await said)
        .split('\n')
        .filter((line) => !line.startsWith('endless.gguf'))
        .join('\n'),
      'local-ai: error: interrupted\n',
    )
    assert.deepEqual(
      readdirSync(folder).filter((name) => name.endsWith('.lock')),
      [],
    )
    rmSync(folder, { recursive: true })
  })
})

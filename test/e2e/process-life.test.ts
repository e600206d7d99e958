import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { poll } from '../support/poll.ts'
import { descendants, gone, needsProc } from '../support/processes.ts'
import { tinyChat } from '../support/tiny-models.ts'

async function chat(node: RunningNode, body: Record<string, unknown> = {}): Promise<Response> {
  return await fetch(`${node.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'tiny-chat',
      temperature: 0,
      messages: [{ role: 'user', content: 'What is the capital of France?' }],
      ...body,
    }),
  })
}

async function textOf(response: Response): Promise<string> {
  const body = (await response.json()) as { choices?: { message: { content: string } }[] }
  return body.choices?.[0]?.message.content ?? JSON.stringify(body)
}

const LONG = Array.from({ length: 60 }, (_, line) => `line ${line} `).join('')

/** What a stream says, checked for its form. */
function readStream(text: string) {
  const events = text.split('\n\n').map((event) => event.replace(/^data: /, ''))
  assert.deepEqual(events.slice(-2), ['[DONE]', ''])
  const chunks = events.slice(0, -2).map((event) => JSON.parse(event) as Chunk)
  assert.equal(new Set(chunks.map(({ id }) => id)).size, 1, text)
  const choices = chunks.flatMap((chunk) => chunk.choices ?? assert.fail(text))
  return {
    content: choices.map(({ delta }) => delta.content ?? '').join(''),
    reasons: choices.flatMap(({ finish_reason: reason }) => reason ?? []),
  }
}

interface Chunk {
  readonly id: string
  readonly choices?: readonly { readonly delta: { readonly content?: string }; readonly finish_reason: string | null }[]
}

async function backendPids(node: RunningNode): Promise<number[]> {
  const system = (await (await fetch(`${node.url}/system`)).json()) as { loaded_models: { pid?: number }[] }
  return system.loaded_models.map((model) => model.pid).filter((pid) => pid !== undefined)
}

describe('a node that something happens to', () => {
  let node: RunningNode
  before(async () => {
    node = await startLocalAi({
      prepare(folder) {
        mkdirSync(join(folder, 'models'))
        copyFileSync(tinyChat(), join(folder, 'models', 'short.gguf'))
        truncateSync(join(folder, 'models', 'short.gguf'), 300_000)
        writeFileSync(join(folder, 'models', 'noise.gguf'), Buffer.alloc(4096, 0x5a))
      },
    })
  })
  after(() => node[Symbol.asyncDispose]())

  it('gives the reason why a model file is broken, and lives on', async () => {
    for (const model of ['short.gguf', 'noise.gguf']) {
      const response = await chat(node, { model })
      const body = (await response.json()) as { error: { message: string } }
      assert.ok(response.status >= 400 && response.status < 600)
      assert.match(body.error.message, /bytes|magic|GGUF/i)
    }
    assert.equal(await textOf(await chat(node)), 'Paris is the capital of France.')
  })

  it('finishes streams whose backend is killed, each in a new process and to the character', async () => {
    const story = { messages: [{ role: 'user', content: 'Tell me a story.' }] }
    // So long that it cannot have been written before the signal arrives, and the second death in a row: that one waits.
    const long = { grammar: `root ::= "${LONG}"`, max_tokens: LONG.length + 1 }
    for (const body of [story, long]) {
      const reference = readStream(await (await chat(node, { ...body, stream: true })).text())
      const [pid] = await backendPids(node)
      assert.ok(pid !== undefined)
      const reader = (await chat(node, { ...body, stream: true })).body?.getReader()
      assert.ok(reader !== undefined)
      const decoder = new TextDecoder()
      let text = decoder.decode((await reader.read()).value)
      process.kill(pid, 'SIGKILL')
      for (let read = await reader.read(); !read.done; read = await reader.read()) text += decoder.decode(read.value)
      assert.deepEqual(readStream(text), reference)
      if (body === long) assert.equal(reference.content, LONG)
      // On a busy machine the stream may be over when the signal arrives: then nobody has waited for the second start yet.
      await poll('it answers again', 10_000, async () => {
        return (await textOf(await chat(node))) === 'Paris is the capital of France.'
      })
      assert.ok(!(await backendPids(node)).includes(pid))
    }
  })

  it('keeps its port: a second one says that it is taken, and exits', async () => {
    const { port } = new URL(node.url)
    await assert.rejects(startLocalAi({ arguments: ['--address', `127.0.0.1:${port}`] }), /already in use/)
  })

  it('leaves no process behind when it is killed', needsProc, async () => {
    assert.equal(await textOf(await chat(node)), 'Paris is the capital of France.')
    const below = descendants(node.pid)
    assert.ok(below.length > 0)
    assert.equal((await node.end('SIGKILL')).signal, 'SIGKILL')
    await Promise.all(below.map(gone))
  })
})

describe('a node that is told to stop', needsProc, () => {
  it('by SIGTERM, lets a running stream finish and leaves no process behind', async () => {
    await using node = await startLocalAi()
    const response = await chat(node, { stream: true, messages: [{ role: 'user', content: 'Tell me a story.' }] })
    const below = descendants(node.pid)
    assert.ok(below.length > 0)
    const ended = once(node.child, 'exit')
    node.child.kill('SIGTERM')
    await node.waitForLog(({ msg }) => msg.startsWith('stopping: what runs may finish first'))
    const text = await response.text()
    assert.match(text, /"finish_reason":"stop"/)
    assert.match(text, /data: \[DONE\]\n\n$/)
    assert.deepEqual(await ended, [0, null])
    await Promise.all(below.map(gone))
  })

  it('by Ctrl-C that comes twice at once, from the terminal and from a launcher, takes it as one', async () => {
    await using node = await startLocalAi({ arguments: ['--p2p', '--p2p-mdns=false'] })
    assert.equal(await textOf(await chat(node)), 'Paris is the capital of France.')
    const below = descendants(node.pid)
    assert.ok(below.length > 0)
    const exited = once(node.child, 'exit')
    node.child.kill('SIGINT')
    // Of two SIGINT at once the kernel may deliver one; it is the second signal that counts, not which one it is.
    node.child.kill('SIGTERM')
    assert.deepEqual(await exited, [0, null])
    assert.equal(existsSync(join(node.folder, 'data', 'p2p', 'lock')), false, 'it had the time to say goodbye')
    await Promise.all(below.map(gone))
  })
})

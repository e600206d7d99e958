import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { credentials, type Metadata, type ServiceError, status } from '@grpc/grpc-js'
import type { BackendClient } from '../../src/grpc/generated/backend/Backend.ts'
import type { Message } from '../../src/grpc/generated/backend/Message.ts'
import type { ModelOptions } from '../../src/grpc/generated/backend/ModelOptions.ts'
import type { PredictOptions } from '../../src/grpc/generated/backend/PredictOptions.ts'
import type { Reply__Output } from '../../src/grpc/generated/backend/Reply.ts'
import { loadBackendService, WIRE_OPTIONS } from '../../src/grpc/load-proto.ts'
import { type FailureTrailers, type GenerationTrailers, readTrailers } from '../../src/grpc/trailers.ts'
import { tinyChat, tinyEmbedding, tinyReranker } from '../support/tiny-models.ts'

const MAIN = fileURLToPath(new URL('../../src/builtin/llama-cpp/main.ts', import.meta.url))
const Backend = loadBackendService()

interface RunningBackend extends AsyncDisposable {
  readonly client: BackendClient
  readonly child: ChildProcess
  readonly socket: string
}

async function start(args: readonly string[] = [], reuse?: string): Promise<RunningBackend> {
  const folder = reuse ?? (await mkdtemp(join(tmpdir(), 'llama-backend-')))
  const socket = join(folder, 'b.sock')
  const child = spawn(process.execPath, [MAIN, '--addr', `unix:${socket}`, '--engine', 'node-llama-cpp', ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, LOCALAI_BACKEND_LIFELINE: 'stdin', GGML_NO_BACKTRACE: '1' },
  })
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  assert.equal(line, `listening on unix:${socket}`)
  const client: BackendClient = new Backend(`unix:${socket}`, credentials.createInsecure(), WIRE_OPTIONS)
  return {
    client,
    child,
    socket,
    async [Symbol.asyncDispose]() {
      client.close()
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      if (reuse === undefined) await rm(folder, { recursive: true, force: true })
    },
  }
}

type Unary<Request, Response> = (
  request: Request,
  done: (error: ServiceError | null, response?: Response) => void,
) => { cancel(): void }

function ask<Request, Response>(client: BackendClient, method: Unary<Request, Response>, request: Request) {
  return new Promise<Response>((resolve, reject) => {
    method.call(client, request, (error, response) => {
      if (error !== null || response === undefined) reject(error)
      else resolve(response)
    })
  })
}

interface Answer {
  readonly text: string
  readonly replies: readonly Reply__Output[]
  readonly trailers: GenerationTrailers & FailureTrailers
}

async function stream(client: BackendClient, request: PredictOptions): Promise<Answer> {
  const call = client.PredictStream(request)
  const { promise: metadata, resolve } = Promise.withResolvers<Metadata>()
  call.on('status', (end) => resolve(end.metadata))
  const replies: Reply__Output[] = []
  for await (const reply of call) replies.push(reply)
  return {
    text: replies.map((reply) => reply.message.toString()).join(''),
    replies,
    trailers: readTrailers(await metadata),
  }
}

const ended = async (child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return { code: child.exitCode, signal: child.signalCode }
}
const user = (content: string): Message => ({ role: 'user', content })
const chat = (...messages: Message[]): PredictOptions => ({ UseTokenizerTemplate: true, Messages: messages })
const prompt = (question: string): string => `<|im_start|>user\n${question}<|im_end|>\n<|im_start|>assistant\n`
const model = (ModelFile: string, more: ModelOptions = {}): ModelOptions => ({
  ModelFile,
  MMap: true,
  NGPULayers: 9_999_999,
  Options: ['parallel:4'],
  ...more,
})
const failure = (code: status, errorCode: string) => (error: ServiceError) => {
  assert.equal(error.code, code, error.details)
  assert.equal(readTrailers(error.metadata).errorCode, errorCode)
  return true
}

describe('the llama-cpp backend process', () => {
  let backend: RunningBackend
  let client: BackendClient

  before(async () => {
    backend = await start()
    client = backend.client
  })
  after(async () => await backend[Symbol.asyncDispose]())

  it('answers Health before it has a model, and says what it lacks', async () => {
    assert.equal((await ask(client, client.Health, {})).message.toString(), 'OK')
    assert.equal((await ask(client, client.Status, {})).state, 'UNINITIALIZED')
    const noModel = failure(status.FAILED_PRECONDITION, 'model.not-found')
    await assert.rejects(ask(client, client.TokenizeString, { Prompt: 'x' }), noModel)
    await assert.rejects(ask(client, client.GenerateImage, {}), { code: status.UNIMPLEMENTED })
  })

  it('says why a model does not load, and lives', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'broken-model-'))
    try {
      const truncated = join(folder, 'truncated.gguf')
      await copyFile(tinyChat(), truncated)
      await truncate(truncated, 300_000)
      const short = await ask(client, client.LoadModel, model(truncated))
      assert.equal(short.success, false)
      assert.match(short.message, /not within the file bounds/)
      const missing = await ask(client, client.LoadModel, model(join(folder, 'none.gguf')))
      assert.equal(missing.success, false)
      assert.match(missing.message, /none\.gguf/)
      const nonsense = await ask(client, client.LoadModel, model(tinyChat(), { Options: ['parallel:many'] }))
      assert.equal(nonsense.success, false)
      assert.equal((await ask(client, client.Status, {})).state, 'UNINITIALIZED')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('gives up a load that the caller cancels', async () => {
    const cancelled = new Promise<ServiceError | null>((resolve) => {
      const call = client.LoadModel(model(tinyChat()), (error) => resolve(error))
      call.cancel()
    })
    assert.equal((await cancelled)?.code, status.CANCELLED)
  })

  it('loads a model', async () => {
    const result = await ask(
      client,
      client.LoadModel,
      model(tinyChat(), { Embeddings: true, ContextSize: 1024, FlashAttention: 'off' }),
    )
    assert.deepEqual(result, { message: '', success: true })
    const { state, memory } = await ask(client, client.Status, {})
    assert.equal(state, 'READY')
    assert.ok((memory?.total ?? 0) > 10_000_000)
  })

  it('streams a chat answer in pieces, with counters', async () => {
    const { text, replies, trailers } = await stream(client, chat(user('What is the capital of France?')))
    assert.equal(text, 'Paris is the capital of France.')
    assert.ok(replies.length > 5, `${replies.length} replies`)
    assert.equal(trailers.finishReason, 'stop')
    const deltas = replies.flatMap((reply) => reply.chat_deltas.map((delta) => delta.content))
    assert.equal(deltas.join(''), text)
    const last = replies.at(-1)
    assert.ok(last !== undefined && last.prompt_tokens > 0 && last.tokens > 0 && last.timing_token_generation > 0)
    for (const [index, reply] of replies.entries()) assert.ok(reply.tokens >= (replies[index - 1]?.tokens ?? 0))
  })

  it('answers whole, and reuses the prompt it has seen', async () => {
    const answer = await ask(client, client.Predict, chat(user('What is the capital of France?')))
    assert.equal(answer.message.toString(), 'Paris is the capital of France.')
    assert.deepEqual(answer.chat_deltas, [
      { content: 'Paris is the capital of France.', reasoning_content: '', tool_calls: [] },
    ])
    const { trailers } = await stream(client, chat(user('What is the capital of France?')))
    assert.equal(trailers.cachedTokens, answer.prompt_tokens - 1)
  })

  it('stops at a stop string, and at the token limit', async () => {
    const stopped = await stream(client, { Prompt: prompt('What is the capital of France?'), StopPrompts: ['tal of'] })
    assert.equal(stopped.text, 'Paris is the capi')
    assert.equal(stopped.trailers.finishReason, 'stop')
    assert.equal(stopped.trailers.stopSequence, 'tal of')
    const short = await stream(client, { Prompt: prompt('What is the capital of France?'), Tokens: 4 })
    assert.equal(short.text, 'Paris is')
    assert.equal(short.trailers.finishReason, 'length')
    assert.equal(short.replies.at(-1)?.tokens, 4)
  })

  it('calls a tool in the words of the model, and hears the answer', async () => {
    const tools = [
      {
        type: 'function',
        function: {
          name: 'get_weather',
          description: 'Get the weather of a city',
          parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
        },
      },
    ]
    const question = user('What is the weather in Oslo?')
    const { text, replies, trailers } = await stream(client, { ...chat(question), Tools: JSON.stringify(tools) })
    assert.equal(trailers.finishReason, 'tool-calls')
    assert.equal(text.trim(), '')
    const calls = replies.flatMap((reply) => reply.chat_deltas.flatMap((delta) => delta.tool_calls))
    const id = calls.find((call) => call.id !== '')?.id
    assert.ok(id !== undefined)
    assert.equal(calls.map((call) => call.name).join(''), 'get_weather')
    const given = calls.map((call) => call.arguments).join('')
    assert.deepEqual(JSON.parse(given), { city: 'Oslo' })

    const called = JSON.stringify([{ id, type: 'function', function: { name: 'get_weather', arguments: given } }])
    const turns = chat(
      question,
      { role: 'assistant', content: '', tool_calls: called },
      { role: 'tool', content: '{"temperature": 20}', name: 'get_weather', tool_call_id: id },
    )
    const final = await stream(client, { ...turns, Tools: JSON.stringify(tools) })
    assert.equal(final.text, 'It is 20 degrees in Oslo.')
    assert.equal(final.trailers.finishReason, 'stop')
  })

  it('obeys a grammar, and refuses one that does not parse', async () => {
    const yes = await stream(client, { ...chat(user('hi')), Grammar: 'root ::= "yes" | "no"' })
    assert.match(yes.text, /^(yes|no)$/)
    await assert.rejects(
      stream(client, { Prompt: 'x', Grammar: 'root ::= (' }),
      failure(status.INVALID_ARGUMENT, 'request.invalid'),
    )
  })

  it('gives log probabilities of the tokens shown', async () => {
    for (const Temperature of [0, 0.7]) {
      const { text, replies } = await stream(client, {
        Prompt: prompt('What is the capital of France?'),
        Logprobs: 1,
        TopLogprobs: 2,
        Temperature,
        Seed: 1,
      })
      const entries = replies.flatMap((reply) =>
        reply.logprobs.length > 0 ? JSON.parse(reply.logprobs.toString()).content : [],
      )
      assert.equal(Buffer.from(entries.flatMap((entry) => entry.bytes)).toString(), text)
      for (const entry of entries) {
        assert.ok(entry.logprob <= 0 && entry.logprob > -1, 'the model is sure of what it learned')
        assert.equal(entry.top_logprobs.length, 2)
        assert.deepEqual([entry.token, entry.logprob], [entry.top_logprobs[0].token, entry.top_logprobs[0].logprob])
        assert.ok(entry.top_logprobs[0].logprob >= entry.top_logprobs[1].logprob)
      }
    }
  })

  it('says the same again for the same seed, and forbids biased tokens', async () => {
    const wild: PredictOptions = {
      Prompt: prompt('hello there'),
      Temperature: 2,
      Seed: 42,
      Tokens: 30,
      IgnoreEOS: true,
    }
    const [first, second] = [await stream(client, wild), await stream(client, wild)]
    assert.equal(first.text, second.text)
    assert.notEqual(first.text, (await stream(client, { ...wild, Seed: 43 })).text)
    const { tokens } = await ask(client, client.TokenizeString, { Prompt: 'Paris' })
    const LogitBias = JSON.stringify({ [tokens[0] ?? -1]: -100 })
    const biased = await stream(client, { Prompt: prompt('What is the capital of France?'), LogitBias })
    assert.ok(!biased.text.startsWith('P'), biased.text)
  })

  it('refuses what does not fit and what it cannot do', async () => {
    const long = stream(client, { Prompt: 'word '.repeat(1100) })
    await assert.rejects(long, failure(status.INVALID_ARGUMENT, 'request.context-exceeded'))
    const picture = stream(client, { ...chat(user('look')), Images: ['iVBORw0KGgo='] })
    await assert.rejects(picture, failure(status.INVALID_ARGUMENT, 'request.unsupported'))
    const typical = stream(client, { Prompt: 'x', TypicalP: 0.5 })
    await assert.rejects(typical, failure(status.UNIMPLEMENTED, 'backend.unsupported'))
    const rerank = ask(client, client.Rerank, { query: 'a', documents: ['b'] })
    await assert.rejects(rerank, failure(status.UNIMPLEMENTED, 'backend.unsupported'))
  })

  it('ends at a full context instead of forgetting its beginning', async () => {
    const { replies, trailers } = await stream(client, { Prompt: 'x '.repeat(490), IgnoreEOS: true })
    const last = replies.at(-1)
    assert.equal(trailers.finishReason, 'length')
    assert.equal((last?.prompt_tokens ?? 0) + (last?.tokens ?? 0), 1024)
  })

  it('stops generating when the caller cancels: the sequences are free again', async () => {
    const endless: PredictOptions = { Prompt: prompt('Tell me a story.'), IgnoreEOS: true }
    const before = (await ask(client, client.GetMetrics, {})).tokens_generated
    for (let round = 0; round < 2; round++) {
      const calls = Array.from({ length: 4 }, () => client.PredictStream(endless))
      for (const call of calls) call.on('error', () => {})
      await Promise.all(calls.map((call) => once(call, 'data')))
      for (const call of calls) call.cancel()
    }
    // Else all four sequences would be busy with a thousand tokens each.
    const { text } = await stream(client, { Prompt: prompt('Say the word plum.') })
    assert.equal(text, 'plum')
    assert.equal((await ask(client, client.Status, {})).state, 'READY')
    const after = await ask(client, client.GetMetrics, {})
    assert.ok(after.tokens_generated - before < 2000, 'a cancelled generation does not run to its end')
  })

  it('lets a new request in while others generate', async () => {
    const fill = (word: string) => stream(client, { Prompt: `${word} is remembered`, Tokens: 2, IgnoreEOS: true })
    await Promise.all(['One', 'Two', 'Three', 'Four'].map(fill))
    const running = Array.from({ length: 3 }, () => client.PredictStream({ Prompt: 'Tell', IgnoreEOS: true }))
    let over = 0
    for (const call of running) call.on('error', () => {}).on('end', () => (over += 1))
    await Promise.all(running.map((call) => once(call, 'data')))
    // The free sequence remembers one of those words: its cache must be cut while the other three go on.
    const { text } = await stream(client, { Prompt: prompt('Say the word plum.') })
    assert.equal(text, 'plum')
    assert.equal(over, 0, 'the new request waited for the end of the others')
    for (const call of running) call.cancel()
  })

  it('does not let one slow reader stop the others', async () => {
    const slow = client.PredictStream({ Prompt: prompt('Tell me a story.'), IgnoreEOS: true })
    slow.on('error', () => {})
    await once(slow, 'readable')
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => (await stream(client, { Prompt: prompt('Count to ten.') })).text),
    )
    for (const text of answers) assert.equal(text, '1, 2, 3, 4, 5, 6, 7, 8, 9, 10.')
    slow.cancel()
  })

  it('gives eight parallel streams the text that each gets alone', async () => {
    const questions = ['Tell me a story.', 'Count to ten.', 'hi', 'What is the capital of France?']
    const alone = new Map<string, string>()
    for (const question of questions) alone.set(question, (await stream(client, chat(user(question)))).text)
    assert.equal(new Set(alone.values()).size, questions.length)
    const together = [...questions, ...questions.toReversed()].map(async (question) => {
      assert.equal((await stream(client, chat(user(question)))).text, alone.get(question))
    })
    await Promise.all(together)
  })

  it('tokenises and back', async () => {
    for (const text of ['Hello, world!', 'grüße 🎉 日本', '  two  spaces\n', '']) {
      const { tokens, length } = await ask(client, client.TokenizeString, { Prompt: text })
      assert.equal(tokens.length, length)
      assert.equal((await ask(client, client.Detokenize, { tokens })).content, text)
    }
    const strange = ask(client, client.Detokenize, { tokens: [1_000_000] })
    await assert.rejects(strange, failure(status.INVALID_ARGUMENT, 'request.invalid'))
  })

  it('embeds text and tokens alike, to length one', async () => {
    const { tokens } = await ask(client, client.TokenizeString, { Prompt: 'hello' })
    const ofText = await ask(client, client.Embedding, { Embeddings: 'hello' })
    const ofTokens = await ask(client, client.Embedding, { EmbeddingTokens: tokens })
    assert.deepEqual(ofText.embeddings, ofTokens.embeddings)
    assert.equal(ofText.dim, ofText.embeddings.length)
    assert.equal(ofText.prompt_tokens, tokens.length)
    assert.ok(Math.abs(Math.hypot(...ofText.embeddings) - 1) < 1e-5)
    const other = await ask(client, client.Embedding, { Embeddings: 'something else' })
    assert.notDeepEqual(other.embeddings, ofText.embeddings)
  })

  it('describes its model', async () => {
    const metadata = await ask(client, client.ModelMetadata, {})
    assert.equal(metadata.supports_thinking, false)
    assert.match(metadata.rendered_template, /<\|im_start\|>user\ntest<\|im_end\|>/)
    assert.notEqual(metadata.tool_format?.format_type ?? '', '')
  })

  it('replaces its model, which waits for the running call', async () => {
    const call = client.PredictStream({ Prompt: prompt('Tell me a story.') })
    await once(call, 'readable')
    const loading = ask(client, client.LoadModel, model(await tinyReranker(), { Reranking: true }))
    let text = ''
    for await (const reply of call) text += (reply as Reply__Output).message.toString()
    assert.match(text, /The end\.$/)
    assert.deepEqual(await loading, { message: '', success: true })
    const documents = ['the node joins', 'bananas', 'a peer']
    const { results, usage } = await ask(client, client.Rerank, { query: 'node', documents, top_n: 2 })
    assert.equal(results.length, 2)
    assert.ok((results[0]?.relevance_score ?? 0) >= (results[1]?.relevance_score ?? 1))
    for (const { index, text } of results) assert.equal(documents[index], text)
    assert.ok((usage?.total_tokens ?? 0) > 0)
    await assert.rejects(stream(client, { Prompt: 'x' }), failure(status.UNIMPLEMENTED, 'backend.unsupported'))
  })

  it('gives its memory back when asked to, and loads again', async () => {
    assert.equal((await ask(client, client.Free, {})).success, true)
    assert.equal((await ask(client, client.Status, {})).state, 'UNINITIALIZED')
    assert.equal(
      (await ask(client, client.LoadModel, model(await tinyEmbedding(), { Embeddings: true }))).success,
      true,
    )
    assert.equal((await ask(client, client.Embedding, { Embeddings: 'x' })).dim, 64)
  })

  it('embeds with no model that was not loaded for it', async () => {
    assert.equal((await ask(client, client.LoadModel, model(await tinyEmbedding()))).success, true)
    const refused = failure(status.INVALID_ARGUMENT, 'request.unsupported')
    await assert.rejects(ask(client, client.Embedding, { Embeddings: 'x' }), refused)
  })
})

describe('the end of a llama-cpp backend process', () => {
  const endless: PredictOptions = { Prompt: prompt('Tell me a story.'), IgnoreEOS: true }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`comes with ${signal}: running calls are cancelled, exit code 0`, async () => {
      await using backend = await start()
      assert.equal((await ask(backend.client, backend.client.LoadModel, model(tinyChat()))).success, true)
      const call = backend.client.PredictStream(endless)
      const failed = once(call, 'error')
      await once(call, 'data')
      backend.child.kill(signal)
      await failed
      assert.deepEqual(await ended(backend.child), { code: 0, signal: null })
      assert.equal(existsSync(backend.socket), false)
    })
  }

  for (const [name, environment] of [
    ['which holds its stdin', { LOCALAI_BACKEND_LIFELINE: 'stdin' }],
    ['which it only knows by number', { LOCALAI_BACKEND_PARENT_WATCH: '0.05' }],
  ] as const) {
    it(`comes when the parent, ${name}, is killed`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'llama-backend-'))
      const program = `
        const { spawn } = require('node:child_process')
        const [main, socket] = process.argv.slice(1)
        spawn(process.execPath, [main, '--addr', socket], { stdio: ['pipe', 'inherit', 'ignore'] })`
      const parent = spawn(process.execPath, ['-e', program, MAIN, `unix:${join(folder, 'b.sock')}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, ...environment },
      })
      try {
        const lines = createInterface({ input: parent.stdout })
        await once(lines, 'line')
        const closed = once(lines, 'close')
        parent.kill('SIGKILL')
        // The backend has the other end of this pipe: it closes when the backend is gone.
        await closed
        assert.equal(existsSync(folder), !('LOCALAI_BACKEND_LIFELINE' in environment), 'who made the folder is gone')
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    })
  }

  it('comes when the parent lets go of stdin, in the middle of a generation', async () => {
    await using backend = await start()
    assert.equal((await ask(backend.client, backend.client.LoadModel, model(tinyChat()))).success, true)
    const call = backend.client.PredictStream(endless)
    call.on('error', () => {})
    await once(call, 'data')
    backend.child.stdin?.destroy()
    assert.deepEqual(await ended(backend.child), { code: 0, signal: null })
  })

  it('comes at once with a file that makes llama.cpp abort; the next process takes over the socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hostile-model-'))
    try {
      const hostile = join(folder, 'hostile.gguf')
      const bytes = await readFile(tinyChat())
      // Without this key llama.cpp asserts, in the middle of loading (measured/engines.md section 4).
      const key = bytes.indexOf('llama.attention.head_count')
      assert.ok(key > 0)
      bytes.write('X', key)
      await writeFile(hostile, bytes)
      await using first = await start([], folder)
      await assert.rejects(ask(first.client, first.client.LoadModel, model(hostile)), { code: status.UNAVAILABLE })
      assert.deepEqual(await ended(first.child), { code: null, signal: 'SIGABRT' })
      assert.ok(existsSync(first.socket), 'the dead process left its socket file')
      await using second = await start([], folder)
      assert.equal((await ask(second.client, second.client.LoadModel, model(tinyChat()))).success, true)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })

  it('comes before the beginning when the command line is wrong', async () => {
    for (const args of [[], ['--addr'], ['--addr', 'unix:/tmp/x', '--engine', 'vllm'], ['--nonsense']]) {
      const child = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] })
      const [said] = await once(child.stderr, 'data')
      assert.match(String(said), /usage:/)
      assert.equal((await ended(child)).code, 80)
    }
  })
})

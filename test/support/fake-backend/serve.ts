import { once } from 'node:events'
import { Server, ServerCredentials, type ServerWritableStream, type sendUnaryData, status } from '@grpc/grpc-js'
import type { ModelOptions__Output } from '../../../src/grpc/generated/backend/ModelOptions.ts'
import type { PredictOptions__Output } from '../../../src/grpc/generated/backend/PredictOptions.ts'
import type { Reply } from '../../../src/grpc/generated/backend/Reply.ts'
import type { RerankRequest__Output } from '../../../src/grpc/generated/backend/RerankRequest.ts'
import type { Result } from '../../../src/grpc/generated/backend/Result.ts'
import { loadBackendService, WIRE_OPTIONS } from '../../../src/grpc/load-proto.ts'
import { writeTrailers } from '../../../src/grpc/trailers.ts'
import { optionMap, paced, repliesOf, toScript } from './behaviour.ts'
import type { Reporter } from './report.ts'

export interface FakeBackendInit {
  readonly address: string
  readonly options: ReadonlyMap<string, string>
}

/** Serves until the process ends, or until the returned function is called. */
export async function serveFakeBackend(
  { reporter }: { readonly reporter: Reporter },
  init: FakeBackendInit,
): Promise<{ readonly port: number; close(): void }> {
  const server = new Server(WIRE_OPTIONS)
  let busy = 0

  async function predictStream(call: ServerWritableStream<PredictOptions__Output, Reply>): Promise<void> {
    const prompt = promptOf(call.request)
    const script = toScript(prompt)
    reporter.report({ event: 'predict', prompt })
    busy++
    let sent = 0
    for await (const reply of paced(repliesOf(script), script.everyMs)) {
      if (call.cancelled || call.destroyed) break
      sent++
      if (!call.write(reply)) {
        reporter.report({ event: 'stalled', sent })
        await Promise.race([once(call, 'drain'), once(call, 'cancelled'), once(call, 'close')])
      }
    }
    busy--
    reporter.report({ event: 'predict-ended', sent, cancelled: call.cancelled })
    await afterwards(script.end, script.exitCode)
    if (script.error !== undefined) {
      call.emit('error', {
        code: script.error.status,
        details: script.error.message,
        metadata: writeTrailers({ ...(script.error.code === undefined ? {} : { errorCode: script.error.code }) }),
      })
      return
    }
    call.end(writeTrailers(script.trailers ?? {}))
  }

  async function afterwards(end: string | undefined, exitCode: number | undefined): Promise<void> {
    if (end === undefined || end === 'normal') return
    // Two turns: what was written leaves the process first.
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    if (end === 'crash') process.abort()
    if (end === 'exit') process.exit(exitCode ?? 1)
    reporter.report({ event: 'hanging' })
    await new Promise(() => {})
  }

  async function loadModel(request: ModelOptions__Output, answer: sendUnaryData<Result>): Promise<void> {
    reporter.report({ event: 'load', options: { ...request } })
    const options = new Map([...init.options, ...optionMap(request.Options)])
    const loading = options.get('loading')
    if (loading !== undefined) process.stderr.write(`${loading}\n`)
    const load = options.get('load') ?? 'ok'
    if (load === 'crash') process.abort()
    if (load.startsWith('exit:')) process.exit(Number(load.slice('exit:'.length)))
    if (load === 'hang') return reporter.report({ event: 'hanging' })
    if (load === 'wait') await reporter.told('load')
    if (load.startsWith('error:')) return answer({ code: status.INTERNAL, details: load.slice('error:'.length) })
    if (load.startsWith('refuse:')) return answer(null, { success: false, message: load.slice('refuse:'.length) })
    answer(null, { success: true, message: 'loaded' })
  }

  server.addService(loadBackendService().service, {
    Health: (_call: unknown, answer: sendUnaryData<Reply>) => {
      const health = init.options.get('health') ?? 'ok'
      answer(null, { message: Buffer.from(health === 'ok' ? 'OK' : health) })
    },
    LoadModel: (call: { request: ModelOptions__Output }, answer: sendUnaryData<Result>) => {
      void loadModel(call.request, answer)
    },
    Free: (_call: unknown, answer: sendUnaryData<Result>) => {
      reporter.report({ event: 'free' })
      const free = init.options.get('free') ?? 'ok'
      if (free === 'unimplemented') answer({ code: status.UNIMPLEMENTED, details: 'unimplemented' })
      if (free === 'ok') answer(null, { success: true })
    },
    Predict: (call: { request: PredictOptions__Output }, answer: sendUnaryData<Reply>) => {
      const replies = [...repliesOf(toScript(promptOf(call.request)))]
      const text = replies.map((reply) => String(reply['message'])).join('')
      answer(null, { message: Buffer.from(text), tokens: replies.length, prompt_tokens: 3 })
    },
    PredictStream: (call: ServerWritableStream<PredictOptions__Output, Reply>) => {
      void predictStream(call)
    },
    Embedding: (call: { request: PredictOptions__Output }, answer: sendUnaryData<object>) => {
      const { Embeddings, EmbeddingTokens } = call.request
      const numbers = EmbeddingTokens.length > 0 ? EmbeddingTokens : [...Embeddings].map((c) => c.codePointAt(0) ?? 0)
      answer(null, { embeddings: unitVector(numbers), tokens: numbers.length, prompt_tokens: numbers.length, dim: 4 })
    },
    TokenizeString: (call: { request: PredictOptions__Output }, answer: sendUnaryData<object>) => {
      const tokens = [...call.request.Prompt].map((character) => character.codePointAt(0) ?? 0)
      answer(null, { length: tokens.length, tokens })
    },
    Detokenize: (call: { request: { tokens: number[] } }, answer: sendUnaryData<object>) => {
      answer(null, { content: String.fromCodePoint(...call.request.tokens) })
    },
    Rerank: (call: { request: RerankRequest__Output }, answer: sendUnaryData<object>) => {
      const { query, documents } = call.request
      const words = new Set(query.split(/\s+/))
      const score = (text: string): number => text.split(/\s+/).filter((word) => words.has(word)).length / words.size
      const results = documents.map((text, index) => ({ index, text, relevance_score: Math.min(1, score(text)) }))
      results.sort((left, right) => right.relevance_score - left.relevance_score)
      answer(null, { usage: { total_tokens: documents.length, prompt_tokens: documents.length }, results })
    },
    Status: (_call: unknown, answer: sendUnaryData<object>) => {
      const total = process.memoryUsage.rss()
      answer(null, { state: busy > 0 ? 'BUSY' : 'READY', memory: { total, breakdown: { rss: total } } })
    },
    GetMetrics: (_call: unknown, answer: sendUnaryData<object>) => {
      answer(null, { slot_id: 0, tokens_per_second: 10, tokens_generated: 5, prompt_tokens_processed: 3 })
    },
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(init.address, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound)
      else reject(error)
    })
  })
  reporter.report({ event: 'serving', port })
  return { port, close: () => server.forceShutdown() }
}

function promptOf(request: PredictOptions__Output): string {
  return request.UseTokenizerTemplate ? (request.Messages.at(-1)?.content ?? '') : request.Prompt
}

function unitVector(numbers: readonly number[]): number[] {
  const vector = [1, 0, 0, 0]
  for (const [index, number] of numbers.entries()) vector[index % 4] = (vector[index % 4] ?? 0) + number
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}

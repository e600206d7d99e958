/**
 * A real gRPC backend process that sees, hears and speaks by rule: what it answers follows from what it is given. It
 * writes every request, with the contents of the files it names, as a line of JSON to `--journal`.
 *
 *   node main.ts --addr 127.0.0.1:0 --journal FILE [--without-parent]
 *
 * Words in a prompt or text that it obeys: FAIL (no success, after half a file), NOTHING (success, but no file), BREAK (a stream that ends in
 * a failed call). A sound for VAD that begins with -1 fails.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { serverStream, unary } from '../../../src/builtin/harness/adapt-call.ts'
import { serve } from '../../../src/builtin/harness/serve.ts'
import type { BackendHandlers } from '../../../src/grpc/generated/backend/Backend.ts'
import type { Result } from '../../../src/grpc/generated/backend/Result.ts'
import type { TranscriptRequest__Output } from '../../../src/grpc/generated/backend/TranscriptRequest.ts'
import { createMemoryStore } from '../../../src/inference/stores/memory-store.ts'

const { values } = parseArgs({
  options: { addr: { type: 'string' }, journal: { type: 'string' }, 'without-parent': { type: 'boolean' } },
})
const journal = values.journal ?? '/dev/null'

/** The smallest PNG there is: one pixel. */
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
const SECOND = 1_000_000_000

function note(call: string, request: object): void {
  const contents = Object.fromEntries(
    Object.entries(request).flatMap(([name, value]) => {
      const paths = (Array.isArray(value) ? value : [value]).filter((path) => typeof path === 'string' && path !== '')
      return paths.flatMap((path) => contentOf(path) ?? []).map((content) => [name, content])
    }),
  )
  appendFileSync(journal, `${JSON.stringify({ call, request, contents })}\n`)
}

function contentOf(path: string): string | undefined {
  if (!path.startsWith('/')) return undefined
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

function make(text: string, dst: string, bytes: Buffer): Result {
  const fails = text.includes('FAIL')
  if (fails) writeFileSync(dst, bytes.subarray(0, 3))
  if (fails) return { success: false, message: 'told to fail' }
  if (!text.includes('NOTHING')) writeFileSync(dst, bytes)
  return { success: true, message: '' }
}

/** A WAV of 16-bit mono samples at 16 kHz, one for each character. */
function wav(text: string): Buffer {
  const samples = Buffer.alloc(text.length * 2)
  for (const [index, character] of [...text].entries()) samples.writeInt16LE(character.charCodeAt(0), index * 2)
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + samples.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(16_000, 24)
  head.writeUInt32LE(32_000, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36)
  head.writeUInt32LE(samples.length, 40)
  return Buffer.concat([head, samples])
}

/** Every word that the sound's file holds is a segment of one second. */
function transcriptOf({ dst, prompt }: TranscriptRequest__Output) {
  if (prompt.includes('FAIL')) throw new Error('told to fail')
  const words = (contentOf(dst) ?? '').split(' ')
  const segments = words.map((text, id) => ({
    id,
    start: id * SECOND,
    end: (id + 1) * SECOND,
    text: ` ${text}`,
    tokens: [id],
    words: [{ start: id * SECOND, end: (id + 1) * SECOND, text }],
  }))
  return { text: words.join(' '), segments, language: 'en', duration: words.length }
}

const store = createMemoryStore({ reserve: () => true })

const handlers: Partial<BackendHandlers> = {
  LoadModel: unary(async () => ({ success: true, message: '' })),
  GenerateImage: unary(async (request) => {
    note('GenerateImage', request)
    return make(request.positive_prompt, request.dst, PNG)
  }),
  GenerateVideo: unary(async (request) => {
    note('GenerateVideo', request)
    return make(request.prompt, request.dst, Buffer.from('video'))
  }),
  TTS: unary(async (request) => {
    note('TTS', request)
    return make(request.text, request.dst, wav(request.text))
  }),
  TTSStream: serverStream(async function* (request) {
    note('TTSStream', request)
    yield { message: Buffer.from('{"sample_rate":24000}') }
    for (const word of request.text.split(' ')) {
      if (word === 'BREAK') throw new Error('told to break')
      yield { audio: wav(word).subarray(44) }
    }
    return {}
  }),
  SoundGeneration: unary(async (request) => {
    note('SoundGeneration', request)
    return make(request.text, request.dst, wav(request.text))
  }),
  AudioTranscription: unary(async (request) => {
    note('AudioTranscription', request)
    return transcriptOf(request)
  }),
  AudioTranscriptionStream: serverStream(async function* (request) {
    note('AudioTranscriptionStream', request)
    const final_result = transcriptOf(request)
    for (const { text } of final_result.segments) yield { delta: text }
    if (request.prompt.includes('BREAK')) throw new Error('told to break')
    yield { final_result }
    return {}
  }),
  VAD: unary(async (request) => {
    note('VAD', { samples: request.audio.length })
    if (request.audio[0] === -1) throw new Error('told to fail')
    const loud = request.audio.flatMap((sample, index) => (sample === 0 ? [] : [index / 16_000]))
    return { segments: loud.length === 0 ? [] : [{ start: loud[0] ?? 0, end: loud.at(-1) ?? 0 }] }
  }),
  Detect: unary(async (request) => {
    note('Detect', request)
    if (request.prompt.includes('FAIL')) throw new Error('told to fail')
    const size = Buffer.from(request.src, 'base64').length
    const mask = request.prompt === 'mask' ? PNG : Buffer.alloc(0)
    return { Detections: [{ x: 1, y: 2, width: size, height: 4, class_name: 'thing', confidence: 0.5, mask }] }
  }),
  Rerank: unary(async (request) => {
    note('Rerank', request)
    if (request.query.includes('FAIL')) throw new Error('told to fail')
    const wanted = request.query.split(' ')
    const results = request.documents.map((text, index) => ({
      index,
      text,
      relevance_score: text.split(' ').filter((word) => wanted.includes(word)).length / wanted.length,
    }))
    return { usage: { total_tokens: 12, prompt_tokens: 12 }, results }
  }),
  StoresSet: unary(async ({ Keys, Values }) => {
    const texts = Values.map(({ Bytes }) => Bytes.toString('utf8'))
    await store.set({ keys: Keys.map(({ Floats }) => Floats), values: texts })
    return { success: true }
  }),
  StoresDelete: unary(async ({ Keys }) => {
    await store.delete(Keys.map(({ Floats }) => Floats))
    return { success: true }
  }),
  StoresGet: unary(async ({ Keys }) => toWire(await store.get(Keys.map(({ Floats }) => Floats)))),
  StoresFind: unary(async ({ Key, TopK }) => {
    const found = await store.find(Key?.Floats ?? [], TopK)
    return { ...toWire(found), Similarities: [...found.similarities] }
  }),
}

function toWire({ keys, values: texts }: { keys: readonly (readonly number[])[]; values: readonly string[] }) {
  return {
    Keys: keys.map((key) => ({ Floats: [...key] })),
    Values: texts.map((text) => ({ Bytes: Buffer.from(text) })),
  }
}

const stopping = new AbortController()
process.once('SIGTERM', () => stopping.abort())
// No parent, no life; but a node gives nothing to read to a backend that is not its own.
if (values['without-parent'] !== true) process.stdin.once('end', () => stopping.abort()).resume()
await serve(
  { handlers, [Symbol.asyncDispose]: async () => {} },
  {
    address: values.addr ?? '',
    signal: stopping.signal,
    onListening: (address) => process.stdout.write(`listening on ${address}\n`),
  },
)
process.stdin.destroy()

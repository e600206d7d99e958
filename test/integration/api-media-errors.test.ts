import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { Value } from 'typebox/value'
import { ErrorBody } from '../../src/api/openai/response-schema.ts'
import { createContentStore } from '../../src/inference/content/content-store.ts'
import { createMedia } from '../../src/inference/media/media.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { type MediaBackend, startMediaBackend } from '../support/media-backend/node.ts'
import { type ApiHarness, startApi } from './api-harness.ts'

let backend: MediaBackend
let api: ApiHarness

before(async () => {
  backend = await startMediaBackend()
  api = await startApi({ media: backend })
})

after(async () => {
  await api[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

type Fields = Readonly<Record<string, string | Blob>>

async function send(path: string, body: object | string | FormData): Promise<Response> {
  if (body instanceof FormData) return await fetch(`${api.url}${path}`, { method: 'POST', body })
  return await api.post(path, body)
}

function form(fields: Fields): FormData {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') body.append(name, value)
    else body.append(name, value, `${name}.wav`)
  }
  return body
}

async function errorOf(response: Response) {
  const body: unknown = await response.json()
  assert.deepEqual(Value.Errors(ErrorBody, body), [])
  return Value.Parse(ErrorBody, body).error
}

const sound = new Blob(['hello'])
const PIXEL = Buffer.from('pixel').toString('base64')

/** LocalAI's error table, row by row: name of the row, request, status, what the message says, the field to blame. */
const rows: readonly [
  row: string,
  path: string,
  body: object | string,
  status: number,
  says: RegExp,
  param?: string,
][] = [
  ['ERR-IMAGES-400-BODY', '/v1/images/generations', '{"prompt":', 400, /not valid JSON/],
  ['ERR-IMAGES-400-BODY prompt', '/v1/images/generations', { model: 'painter' }, 400, /prompt is required/, 'prompt'],
  ['ERR-IMAGES-400-BODY size', '/v1/images/generations', { prompt: 'x', size: '1x' }, 400, /'size'/, 'size'],
  ['ERR-IMAGES-400-BODY n', '/v1/images/generations', { prompt: ['a', 'b'], n: 9 }, 400, /at most 16/, 'n'],
  ['ERR-IMAGES-400-BODY file', '/v1/images/generations', { prompt: 'x', file: 'http://a/b' }, 400, /base64/, 'file'],
  ['ERR-IMAGES-400-MODEL', '/v1/images/generations', { model: 'nope', prompt: 'x' }, 400, /"nope" not found/, 'model'],
  ['ERR-IMAGES-500', '/v1/images/generations', { model: 'painter', prompt: 'FAIL' }, 500, /backend failed/],
  ['ERR-IMAGE-EDITS-400-BODY', '/v1/images/edits', '{"image":', 400, /not valid JSON/],
  [
    'ERR-IMAGE-EDITS-400-IMAGE',
    '/v1/images/edits',
    form({ prompt: 'x', mask: sound }),
    400,
    /^missing image file$/,
    'image',
  ],
  ['ERR-IMAGE-EDITS-400-IMAGE text', '/v1/images/edits', form({ image: 'text' }), 400, /^missing image file$/, 'image'],
  ['ERR-IMAGE-EDITS-400-IMAGE json', '/v1/images/edits', { image: PIXEL }, 400, /^missing image file$/, 'image'],
  [
    'ERR-IMAGE-EDITS-400-MASK',
    '/v1/images/edits',
    form({ prompt: 'x', image: sound }),
    400,
    /^missing mask file$/,
    'mask',
  ],
  [
    'ERR-IMAGE-EDITS-400-PROMPT',
    '/v1/images/edits',
    form({ image: sound, mask: sound }),
    400,
    /prompt is required/,
    'prompt',
  ],
  ['ERR-TRANSCRIPTIONS-400-FILE', '/v1/audio/transcriptions', form({ model: 'ears' }), 400, /file is required/, 'file'],
  ['ERR-TRANSCRIPTIONS-400-FILE json', '/v1/audio/transcriptions', { model: 'ears' }, 400, /file is required/, 'file'],
  [
    'ERR-TRANSCRIPTIONS-400-MODEL',
    '/v1/audio/transcriptions',
    form({ model: 'nope', file: sound }),
    400,
    /not found/,
    'model',
  ],
  [
    'ERR-TRANSCRIPTIONS-400-FORMAT',
    '/v1/audio/transcriptions',
    form({ response_format: 'doc', file: sound }),
    400,
    /response_format/,
    'response_format',
  ],
  [
    'ERR-TRANSCRIPTIONS-400-TEMPERATURE',
    '/v1/audio/transcriptions',
    form({ temperature: 'hot', file: sound }),
    400,
    /a number/,
    'temperature',
  ],
  [
    'ERR-TRANSCRIPTIONS-500',
    '/v1/audio/transcriptions',
    form({ model: 'ears', file: sound, prompt: 'FAIL' }),
    500,
    /backend failed/,
  ],
  ...['/v1/audio/speech', '/tts'].flatMap((path) => speechRows(path)),
  ['ERR-ELEVENLABS-TTS-400-BODY', '/v1/text-to-speech/bob', { text: 5 }, 400, /text must be a string/, 'text'],
  [
    'ERR-ELEVENLABS-TTS-400-MODEL',
    '/v1/text-to-speech/bob',
    { text: 'x', model_id: 'nope' },
    400,
    /not found/,
    'model',
  ],
  ['ERR-ELEVENLABS-TTS-500', '/v1/text-to-speech/bob', { text: 'FAIL' }, 500, /backend failed/],
  ['ERR-ELEVENLABS-SOUND-400-BODY', '/v1/sound-generation', { text: '' }, 400, /text/, 'text'],
  [
    'ERR-ELEVENLABS-SOUND-400-MODEL',
    '/v1/sound-generation',
    { text: 'x', model_id: 'nope' },
    400,
    /not found/,
    'model',
  ],
  ['ERR-ELEVENLABS-SOUND-500', '/v1/sound-generation', { text: 'FAIL' }, 500, /backend failed/],
  ...['/v1/rerank', '/jina/v1/rerank'].flatMap((path) => rerankRows(path)),
  ['ERR-DETECTION-400-BODY', '/v1/detection', { image: 5 }, 400, /image must be a string/, 'image'],
  ['ERR-DETECTION-400-BODY base64', '/v1/detection', { image: 'no base64!' }, 400, /base64/, 'image'],
  ['ERR-DETECTION-400-MODEL', '/v1/detection', { model: 'nope', image: PIXEL }, 400, /not found/, 'model'],
  ['ERR-DETECTION-500', '/v1/detection', { image: PIXEL, prompt: 'FAIL' }, 500, /backend failed/],
  ['ERR-VIDEO-400-BODY', '/v1/video/generations', {}, 400, /prompt is required/, 'prompt'],
  ['ERR-VIDEO-400-BODY seconds', '/v1/video/generations', { prompt: 'x', seconds: 'long' }, 400, /seconds/, 'seconds'],
  ['ERR-VIDEO-400-MODEL', '/v1/video/generations', { model: 'nope', prompt: 'x' }, 400, /not found/, 'model'],
  ['ERR-VIDEO-500', '/v1/video/generations', { prompt: 'FAIL' }, 500, /backend failed/],
  ['ERR-VAD-400-BODY', '/v1/audio/vad', { audio: ['x'] }, 400, /must be a number/, 'audio[0]'],
  ['ERR-VAD-400-MODEL', '/v1/audio/vad', { model: 'nope', audio: [0] }, 400, /not found/, 'model'],
  ['ERR-VAD-500', '/v1/audio/vad', { audio: [-1] }, 500, /backend failed/],
  ['API-STORES-400-BODY', '/stores/find', { key: [1], topk: 0 }, 400, /topk/, 'topk'],
  ['API-STORES-400-EMPTY', '/stores/get', { keys: [] }, 400, /must not be empty/, 'keys'],
  ['API-EDITS-400-BODY', '/v1/edits', { input: 'x' }, 400, /instruction is required/, 'instruction'],
]

type Row = (typeof rows)[number]

function speechRows(path: string): readonly Row[] {
  return [
    [`ERR-SPEECH-400-BODY ${path}`, path, { model: 'voice' }, 400, /input is required/, 'input'],
    [`ERR-SPEECH-400-MODEL ${path}`, path, { model: 'nope', input: 'x' }, 400, /"nope" not found/, 'model'],
    [`ERR-SPEECH-400-FORMAT ${path}`, path, { input: 'x', response_format: 'opus' }, 400, /ffmpeg/, 'response_format'],
    [`ERR-SPEECH-500 ${path}`, path, { model: 'voice', input: 'FAIL' }, 500, /backend failed/],
  ]
}

function rerankRows(path: string): readonly Row[] {
  const body = { query: 'a', documents: ['a'] }
  const low = /^top_n - should be greater than or equal to 1$/
  return [
    [`ERR-RERANK-400-BODY ${path}`, path, { query: 'a' }, 400, /documents is required/, 'documents'],
    [`ERR-RERANK-400-MODEL ${path}`, path, { ...body, model: 'nope' }, 400, /not found/, 'model'],
    [`ERR-RERANK-422-TOP-N ${path}`, path, { ...body, top_n: 0 }, 422, low, 'top_n'],
    [`ERR-RERANK-422-TOP-N below zero ${path}`, path, { ...body, top_n: -5 }, 422, low, 'top_n'],
    [`ERR-RERANK-500 ${path}`, path, { ...body, query: 'FAIL' }, 500, /backend failed/],
  ]
}

describe("LocalAI's table of errors", () => {
  for (const [row, path, body, status, says, param = null] of rows) {
    const [id = '', ...rest] = row.split(' ')
    it(`[${id}] ${rest.join(' ')} ${path}`, async () => {
      const response = await send(path, body)
      const error = await errorOf(response)
      assert.deepEqual([response.status, error.code, error.param], [status, status, param], error.message)
      assert.equal(error.type, status >= 500 ? 'server_error' : 'invalid_request_error')
      assert.match(error.message, says)
    })
  }

  it('[ERR-IMAGE-EDITS-500-STORAGE] nothing can be written', async () => {
    const broken = join(backend.folder, 'no-folder')
    await writeFile(broken, 'a file')
    const content = createContentStore(
      {
        log: createLogger({ level: 'silent', format: 'json' }),
        makeFolder: async () => {},
        home: () => '0000000000',
      },
      {
        contentPath: broken,
        uploadPath: broken,
        retention: { maxAgeMs: 1, maxBytes: 1 },
        sweepIntervalMs: 1000,
      },
    )
    await using other = await startApi({ media: { ...backend, media: createMedia({ ...backend, content }) } })
    const body = form({ model: 'painter', prompt: 'x', image: sound, mask: sound })
    const response = await fetch(`${other.url}/v1/images/edits`, { method: 'POST', body })
    assert.equal(response.status, 500)
    assert.match((await errorOf(response)).message, /^failed to prepare storage /)
    await rm(broken)
  })

  it('[API-FORM-400] a form where JSON is wanted, and a form that is none', async () => {
    const chat = await send('/v1/chat/completions', form({ messages: 'x' }))
    assert.deepEqual([chat.status, (await errorOf(chat)).param], [400, null])
    for (const text of ['', '--XX', '--XX\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nhalf']) {
      const headers = { 'content-type': 'multipart/form-data; boundary=XX' }
      const response = await api.post('/v1/audio/transcriptions', text, { headers })
      assert.equal(response.status, 400)
      assert.match((await errorOf(response)).message, /form is malformed/)
    }
  })
})

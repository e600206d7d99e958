import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import OpenAI, { toFile } from 'openai'
import { Value } from 'typebox/value'
import { ErrorBody } from '../../src/api/openai/response-schema.ts'
import { type MediaBackend, startMediaBackend } from '../support/media-backend/node.ts'
import { type ApiHarness, readEvents, startApi } from './api-harness.ts'

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

function client(): OpenAI {
  return new OpenAI({ baseURL: `${api.url}/v1`, apiKey: 'none', maxRetries: 0 })
}

async function lastAsked() {
  const last = (await backend.asked()).at(-1)
  assert.ok(last !== undefined)
  return last
}

async function errorOf(response: Response) {
  return Value.Parse(ErrorBody, await response.json()).error
}

function form(fields: Readonly<Record<string, string | Blob>>): RequestInit {
  const body = new FormData()
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value === 'string') body.append(name, value)
    else body.append(name, value, `${name}.wav`)
  }
  return { method: 'POST', body }
}

const send = (path: string, fields: Readonly<Record<string, string | Blob>>) => fetch(`${api.url}${path}`, form(fields))
const PIXEL = Buffer.from('pixel').toString('base64')

describe('pictures', () => {
  it('are made for the official client, as addresses and as bytes', async () => {
    const made = await client().images.generate({ model: 'painter', prompt: 'a cat|a dog', n: 2, size: '1024x1024' })
    assert.equal(made.data?.length, 2)
    const url = made.data[0]?.url ?? ''
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/generated-images\/image_0000000000_[0-9a-f]{32}\.png$/)
    const file = await fetch(url)
    assert.deepEqual([file.status, file.headers.get('content-type')], [200, 'image/png'])
    assert.equal(Buffer.from(await file.arrayBuffer()).toString('latin1', 1, 4), 'PNG')
    const { request } = await lastAsked()
    assert.deepEqual(
      [request['positive_prompt'], request['negative_prompt'], request['width'], request['step']],
      ['a cat', 'a dog', 1024, 15],
    )
    const inline = await client().images.generate({ model: 'painter', prompt: 'x', response_format: 'b64_json' })
    assert.equal(Buffer.from(inline.data?.[0]?.b64_json ?? '', 'base64').toString('latin1', 1, 4), 'PNG')
    assert.equal((await readdir(backend.content.folderOf('image'))).length, 2)
  })

  it('are edited where the mask shows, by every path', async () => {
    const [image, mask] = [await toFile(Buffer.from('IMAGE'), 'a.png'), await toFile(Buffer.from('MASK'), 'm.png')]
    const made = await client().images.edit({ model: 'painter', prompt: 'a hat', image, mask, n: 1 })
    assert.match(made.data?.[0]?.url ?? '', /generated-images/)
    const { request, contents } = await lastAsked()
    assert.deepEqual([request['positive_prompt'], request['step'], request['width']], ['a hat', 25, 512])
    const source = JSON.parse(contents['src'] ?? '')
    assert.deepEqual(
      ['image', 'mask_image'].map((name) => Buffer.from(source[name], 'base64').toString()),
      ['IMAGE', 'MASK'],
    )
    for (const path of ['/images/edits', '/v1/images/inpainting', '/images/inpainting']) {
      const fields = { model: 'painter', prompt: 'x', image: new Blob(['a']), mask: new Blob(['b']), steps: '7' }
      assert.equal((await send(path, fields)).status, 200, path)
      assert.equal((await lastAsked()).request['step'], 7)
    }
    assert.deepEqual(await readdir(join(backend.folder, 'upload')), [])
  })

  it('begin with a picture, and look at others', async () => {
    const body = {
      model: 'painter',
      prompt: 'x',
      seed: 5,
      step: 3,
      file: `data:image/png;base64,${PIXEL}`,
      ref_images: [PIXEL],
    }
    const response = await api.post('/images/generations', body)
    assert.equal(response.status, 200)
    const { request, contents } = await lastAsked()
    assert.deepEqual([request['seed'], request['step']], [5, 3])
    assert.deepEqual([contents['src'], contents['ref_images']], ['pixel', 'pixel'])
  })

  it('have an address that the client can reach, behind a proxy too', async () => {
    const headers = {
      'content-type': 'application/json',
      'x-forwarded-proto': 'https, http',
      'x-forwarded-host': 'ai.example.org',
      'x-forwarded-prefix': '/deep',
    }
    const response = await api.post('/v1/images/generations', { model: 'painter', prompt: 'x' }, { headers })
    const body: { data: { url: string }[] } = JSON.parse(await response.text())
    assert.match(body.data[0]?.url ?? '', /^https:\/\/ai\.example\.org\/deep\/generated-images\/image_/)
  })
})

describe('generated files', () => {
  it('need the key, and are nothing else than what was generated', async () => {
    await using guarded = await startApi({ media: backend, apiKeys: ['secret'] })
    const headers = { authorization: 'Bearer secret', 'content-type': 'application/json' }
    const made = await guarded.post('/v1/images/generations', { model: 'painter', prompt: 'x' }, { headers })
    const body: { data: { url: string }[] } = JSON.parse(await made.text())
    const url = body.data[0]?.url ?? ''
    assert.equal((await fetch(url)).status, 401)
    const file = await fetch(url, { headers })
    assert.deepEqual([file.status, file.headers.get('x-content-type-options')], [200, 'nosniff'])
    const name = url.split('/').at(-1) ?? ''
    const nowhere = [
      '/generated-images/nope.png',
      `/generated-audio/${name}`,
      '/generated-images/..%2f..%2fjournal',
      `/generated-images/${name.replace(/[0-9a-f]{4}\.png$/, 'ffff.png')}`,
    ]
    for (const path of nowhere) {
      const response = await fetch(`${guarded.url}${path}`, { headers })
      assert.equal(response.status, 404, path)
      assert.equal((await errorOf(response)).message, 'Resource not found')
    }
  })

  it('are given in parts', async () => {
    const made = await api.post('/video', { model: 'director', prompt: 'x' })
    const body: { data: { url: string }[] } = JSON.parse(await made.text())
    const part = await fetch(body.data[0]?.url ?? '', { headers: { range: 'bytes=1-2' } })
    assert.deepEqual([part.status, part.headers.get('content-type'), await part.text()], [206, 'video/mp4', 'id'])
  })
})

describe('videos', () => {
  it('are made by every path, from words and pictures', async () => {
    for (const path of ['/v1/video/generations', '/video/generations', '/video']) {
      const response = await api.post(path, {
        model: 'director',
        prompt: 'a cat',
        start_image: PIXEL,
        seconds: '2',
        fps: 8,
        size: '640x360',
        response_format: 'b64_json',
      })
      assert.equal(response.status, 200, path)
      const body: { data: { b64_json: string }[] } = JSON.parse(await response.text())
      assert.equal(Buffer.from(body.data[0]?.b64_json ?? '', 'base64').toString(), 'video')
      const { request, contents } = await lastAsked()
      assert.deepEqual([request['num_frames'], request['fps'], request['width'], request['height']], [16, 8, 640, 360])
      assert.equal(contents['start_image'], 'pixel')
    }
  })
})

describe('speech', () => {
  it('is spoken for the official client, and by every path', async () => {
    const spoken = await client().audio.speech.create({ model: 'voice', input: 'hello', voice: 'amy' })
    assert.equal(spoken.headers.get('content-type'), 'audio/wav')
    assert.match(spoken.headers.get('content-disposition') ?? '', /^attachment; filename="audio_\w+\.wav"$/)
    assert.equal(Buffer.from(await spoken.arrayBuffer()).length, 44 + 10)
    const { request } = await lastAsked()
    assert.deepEqual([request['text'], request['voice'], request['model']], ['hello', 'amy', 'voice'])
    for (const path of ['/audio/speech', '/tts', '/v1/tts']) {
      assert.equal((await api.post(path, { model: 'voice', input: 'x', language: 'en' })).status, 200, path)
    }
    const eleven = await api.post('/v1/text-to-speech/bob', { text: 'hi', model_id: 'voice', language_code: 'de' })
    assert.equal(eleven.status, 200)
    const asked = (await lastAsked()).request
    assert.deepEqual([asked['voice'], asked['language']], ['bob', 'de'])
    await eleven.arrayBuffer()
    assert.deepEqual(await readdir(backend.content.folderOf('audio')), [])
  })

  it('is samples alone when those are wanted, and nothing that needs an encoder', async () => {
    const pcm = await client().audio.speech.create({ model: 'voice', input: 'ab', voice: 'a', response_format: 'pcm' })
    assert.deepEqual([...Buffer.from(await pcm.arrayBuffer())], [97, 0, 98, 0])
    const mp3 = await api.post('/tts', { model: 'voice', input: 'x', response_format: 'mp3' })
    assert.equal(mp3.status, 400)
    assert.match((await errorOf(mp3)).message, /wav and pcm.*mp3 would need ffmpeg/)
  })

  it('is streamed as it is spoken, and cut when it breaks', async () => {
    const streamed = await api.post('/tts', { model: 'voice', input: 'ab cd', stream: true })
    const bytes = Buffer.from(await streamed.arrayBuffer())
    assert.equal(streamed.headers.get('content-type'), 'audio/wav')
    assert.deepEqual([bytes.readUInt32LE(24), bytes.readUInt32LE(40)], [24_000, 0xffff_ffff])
    assert.deepEqual(
      [...bytes.subarray(44)].filter((byte) => byte !== 0),
      [...Buffer.from('abcd')],
    )
    const broken = await api.post('/tts', { model: 'voice', input: 'ab BREAK', stream: true })
    assert.equal(broken.status, 200)
    await assert.rejects(broken.arrayBuffer())
  })
})

describe('sounds', () => {
  it('are made from words', async () => {
    const response = await api.post('/v1/sound-generation', {
      text: 'rain',
      model_id: 'musician',
      duration_seconds: 2.5,
      prompt_influence: 0.5,
      bpm: 120,
      instrumental: true,
    })
    assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'audio/wav'])
    assert.equal((await response.arrayBuffer()).byteLength, 44 + 8)
    const { request } = await lastAsked()
    assert.deepEqual(
      ['duration', 'temperature', 'bpm', 'instrumental'].map((name) => request[name]),
      [2.5, 0.5, 120, true],
    )
  })
})

describe('transcripts', () => {
  const sound = () => toFile(Buffer.from('hello world'), 'talk.mp3')

  it('are written for the official client', async () => {
    const plain = await client().audio.transcriptions.create({ file: await sound(), model: 'ears', language: 'en' })
    assert.equal(plain.text, 'hello world')
    const { request, contents } = await lastAsked()
    assert.deepEqual([request['language'], request['translate'], contents['dst']], ['en', false, 'hello world'])
    assert.match(String(request['dst']), /\.mp3$/)
    const verbose = await client().audio.transcriptions.create({
      file: await sound(),
      model: 'ears',
      response_format: 'verbose_json',
      timestamp_granularities: ['word', 'segment'],
    })
    assert.deepEqual([verbose.duration, verbose.language, verbose.segments?.length], [2, 'en', 2])
    assert.deepEqual([verbose.segments?.[1]?.start, verbose.words?.[1]?.word], [1, 'world'])
    assert.deepEqual((await lastAsked()).request['timestamp_granularities'], ['word', 'segment'])
    const english = await client().audio.translations.create({ file: await sound(), model: 'ears' })
    assert.equal(english.text, 'hello world')
    assert.equal((await lastAsked()).request['translate'], true)
    assert.deepEqual(await readdir(join(backend.folder, 'upload')), [])
  })

  it('are streamed for the official client', async () => {
    const stream = await client().audio.transcriptions.create({ file: await sound(), model: 'ears', stream: true })
    const events = []
    for await (const event of stream) events.push(event)
    assert.deepEqual(
      events.map((event) => (event.type === 'transcript.text.done' ? event.text : 'delta' in event && event.delta)),
      [' hello', ' world', 'hello world'],
    )
    const broken = await send('/audio/transcriptions', {
      model: 'ears',
      stream: 'true',
      prompt: 'BREAK',
      file: new Blob(['a']),
    })
    const [, error, end] = await readEvents(broken)
    assert.match(JSON.stringify(error), /"server_error"/)
    assert.equal(end, '[DONE]')
  })

  it('are files of the usual kinds', async () => {
    const expected: readonly [format: string, text: string][] = [
      ['text', 'hello\nworld\n'],
      ['txt', 'hello\nworld\n'],
      ['srt', '1\n00:00:00,000 --> 00:00:01,000\nhello\n\n2\n00:00:01,000 --> 00:00:02,000\nworld\n\n'],
      ['vtt', 'WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nhello\n\n00:00:01.000 --> 00:00:02.000\nworld\n\n'],
      ['lrc', '[by:LocalAI]\n[re:LocalAI]\n\n[00:00.00] hello\n[00:01.00] world\n'],
    ]
    for (const [response_format, text] of expected) {
      const response = await send('/v1/audio/transcriptions', {
        model: 'ears',
        file: new Blob(['hello world']),
        response_format,
      })
      assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8')
      assert.equal(await response.text(), text, response_format)
    }
  })
})

describe('what else models do', () => {
  it('ranks documents, by every path', async () => {
    for (const path of ['/v1/rerank', '/rerank', '/jina/v1/rerank']) {
      const response = await api.post(path, {
        model: 'judge',
        query: 'red cat',
        documents: ['dog', 'red cat', { text: 'cat' }],
      })
      assert.deepEqual(await response.json(), {
        model: 'judge',
        usage: { total_tokens: 12, prompt_tokens: 12 },
        results: [
          { index: 1, document: { text: 'red cat' }, relevance_score: 1 },
          { index: 2, document: { text: 'cat' }, relevance_score: 0.5 },
          { index: 0, document: { text: 'dog' }, relevance_score: 0 },
        ],
      })
    }
    const best = await api.post('/v1/rerank', {
      model: 'judge',
      query: 'a',
      documents: ['b', 'a'],
      top_n: 1,
      return_documents: false,
    })
    const { results }: { results: unknown } = JSON.parse(await best.text())
    assert.deepEqual(results, [{ index: 1, relevance_score: 1 }])
  })

  it('finds speech, by every path', async () => {
    const audio = Array.from({ length: 32_000 }, (_, index) => (index >= 8000 && index <= 16_000 ? 0.5 : 0))
    for (const path of ['/v1/audio/vad', '/audio/vad', '/v1/vad', '/vad']) {
      const response = await api.post(path, { model: 'guard', audio })
      assert.deepEqual(await response.json(), { segments: [{ start: 0.5, end: 1 }] }, path)
    }
  })

  it('detects objects', async () => {
    const response = await api.post('/v1/detection', { model: 'eyes', image: PIXEL, prompt: 'mask' })
    const { detections }: { detections: { mask: string }[] } = JSON.parse(await response.text())
    const { mask, ...thing } = detections[0] ?? { mask: '' }
    assert.deepEqual(thing, { x: 1, y: 2, width: 5, height: 4, class_name: 'thing', confidence: 0.5 })
    assert.equal(Buffer.from(mask, 'base64').toString('latin1', 1, 4), 'PNG')
  })

  it('is found without a name, when one model can', async () => {
    const response = await api.post('/v1/rerank', { query: 'a', documents: ['a'] })
    assert.equal(response.status, 200)
    const { model }: { model: string } = JSON.parse(await response.text())
    assert.equal(model, 'judge')
  })
})

describe('vector stores', () => {
  const keys = [
    [1, 0],
    [0, 1],
    [0.6, 0.8],
  ]
  for (const [kind, place] of [
    ['of the node', { store: 'one' }],
    ['in a backend', { store: 'two', backend: 'other-store' }],
  ] as const) {
    it(`${kind} keep, find, give and forget`, async () => {
      const set = await api.post('/stores/set', { ...place, keys, values: ['east', 'north', 'between'] })
      assert.deepEqual([set.status, await set.text()], [200, ''])
      const found = await api.post('/stores/find', { ...place, key: [0, 2], topk: 2 })
      const nearest: { keys: number[][]; values: string[]; similarities: number[] } = JSON.parse(await found.text())
      assert.deepEqual(nearest.values, ['north', 'between'])
      assert.deepEqual(
        nearest.similarities.map((similarity) => Math.round(similarity * 100)),
        [100, 80],
      )
      await api.post('/stores/set', { ...place, keys: [[0, 1]], values: ['up'] })
      assert.equal(
        (
          await api.post('/stores/delete', {
            ...place,
            keys: [
              [1, 0],
              [7, 7],
            ],
          })
        ).status,
        200,
      )
      const got = await api.post('/stores/get', {
        ...place,
        keys: [
          [0, 1],
          [1, 0],
        ],
      })
      assert.deepEqual(await got.json(), { keys: [[0, 1]], values: ['up'] })
    })
  }

  it('of one key are none of another', async () => {
    await using guarded = await startApi({ media: backend, apiKeys: ['ann', 'bob'] })
    const as = (key: string) => ({ headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } })
    await guarded.post('/stores/set', { keys: [[1]], values: ['mine'] }, as('ann'))
    const values = async (key: string) => {
      const response = await guarded.post('/stores/get', { keys: [[1]] }, as(key))
      const body: { values: string[] } = JSON.parse(await response.text())
      return body.values
    }
    assert.deepEqual([await values('ann'), await values('bob')], [['mine'], []])
  })

  it('[API-STORES-SHARE] of one key leave room for those of others', async () => {
    await using guarded = await startApi({ apiKeys: ['ann', 'bob'] })
    const set = (key: string, store: string) =>
      guarded.post(
        '/stores/set',
        { store, keys: [[1]], values: ['mine'] },
        { headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' } },
      )
    for (const store of ['one', 'two']) assert.equal((await set('ann', store)).status, 200)
    const refused = await set('ann', 'three')
    const { error } = (await refused.json()) as { error: { code: number; message: string } }
    assert.deepEqual([refused.status, error.code, refused.headers.get('retry-after')], [429, 429, '1'])
    assert.match(error.message, /as many vector stores \(2\) as one may have/)
    assert.equal((await set('bob', 'three')).status, 200)
  })
})

describe('backends', () => {
  it('that fail, or write nothing, leave no file behind', async () => {
    const before = await readFiles()
    for (const [path, body] of [
      ['/v1/images/generations', { model: 'painter', prompt: 'FAIL' }],
      ['/v1/images/generations', { model: 'painter', prompt: 'NOTHING' }],
      ['/tts', { model: 'voice', input: 'FAIL' }],
      ['/v1/rerank', { model: 'judge', query: 'FAIL', documents: ['a'] }],
    ] as const) {
      const response = await api.post(path, body)
      assert.equal(response.status, 500)
      assert.match((await errorOf(response)).message, /backend failed/)
    }
    assert.deepEqual(await readFiles(), before)
  })

  it('that are missing are named, with the way to install them', async () => {
    const missing = await api.post('/tts', { model: 'homeless', input: 'x' })
    assert.equal(missing.status, 500)
    assert.match((await errorOf(missing)).message, /kokoro.*local-ai backends install kokoro/)
    const text = await api.post('/v1/images/generations', { model: 'writer', prompt: 'x' })
    assert.equal(text.status, 400)
    assert.match((await errorOf(text)).message, /"writer" cannot make images.*backends install stablediffusion-ggml/)
    const other = await api.post('/v1/audio/vad', { model: 'other-way', audio: [0] })
    assert.equal(other.status, 400)
    await using empty = await startApi({
      media: { ...backend, registry: { ...backend.registry, fallback: () => undefined } },
    })
    const none = await empty.post('/v1/detection', { image: PIXEL })
    assert.equal(none.status, 400)
    assert.match((await errorOf(none)).message, /no model for detection.*backends install rfdetr/)
  })

  async function readFiles(): Promise<readonly string[]> {
    const kinds = ['image', 'audio', 'video'] as const
    return (await Promise.all(kinds.map((kind) => readdir(backend.content.folderOf(kind)).catch(() => [])))).flat()
  }
})

describe('edits', () => {
  it('change a text as an instruction says', async () => {
    await using text = await startApi()
    for (const path of ['/v1/edits', '/edits']) {
      const response = await text.post(path, { model: 'tiny', instruction: 'Fix it.', input: ['helo', 'wrld'], n: 2 })
      assert.equal(response.status, 200)
      const { object, choices }: { object: string; choices: { text: string; index: number }[] } = JSON.parse(
        await response.text(),
      )
      assert.equal(object, 'edit')
      assert.deepEqual(
        choices.map((choice) => choice.index),
        [0, 1, 2, 3],
      )
      assert.equal(choices[0]?.text, 'Hello world')
    }
    const prompts = text.node.asked.map(({ Prompt }) => Prompt ?? '')
    assert.equal(prompts.filter((prompt) => /Instruction:\nFix it\.\n\n### Input:\nhelo\n/.test(prompt)).length, 4)
  })
})

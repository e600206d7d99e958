import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createAnswerCheck, type OpenApiDocument } from '../support/openapi-check.ts'
import { type ApiHarness, startApi } from './api-harness.ts'

describe('the OpenAPI document', () => {
  let api: ApiHarness
  let document: OpenApiDocument
  before(async () => {
    api = await startApi()
    const response = await fetch(`${api.url}/swagger/doc.json`)
    assert.equal(response.status, 200)
    document = (await response.json()) as OpenApiDocument
  })
  after(() => api[Symbol.asyncDispose]())

  test('is OpenAPI 3.1 with every way to show a key', () => {
    assert.match(document.openapi, /^3\.1\./)
    const schemes = Object.keys(document.components.securitySchemes)
    assert.deepEqual(schemes, ['bearer', 'x-api-key', 'xi-api-key', 'session', 'token'])
  })

  test('every route has tags, a summary and errors', () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, ...operation })),
    )
    assert.ok(operations.length > 60, `only ${operations.length} operations`)
    const poor = operations.filter(({ tags = [], summary = '' }) => tags.length === 0 || summary === '')
    assert.deepEqual(
      poor.map(({ name }) => name),
      [],
    )
    const undescribed = operations.filter(({ summary }) => summary === 'Answered by another node of the network')
    assert.deepEqual(
      undescribed.map(({ name }) => name),
      [],
    )
    for (const { name, responses } of operations) {
      assert.ok(responses['4XX']?.content?.['application/json']?.schema, `${name} has no errors`)
    }
  })

  test('streams are described event by event', () => {
    for (const path of ['/v1/chat/completions', '/v1/completions', '/v1/messages', '/v1/responses']) {
      const stream = document.paths[path]?.['post']?.responses['200']?.content?.['text/event-stream']
      assert.ok(stream?.['x-event-schema'], path)
    }
  })

  test('is the same under /openapi.json', async () => {
    const response = await fetch(`${api.url}/openapi.json`)
    assert.match(String(response.headers.get('content-type')), /^application\/json/)
    assert.deepEqual(await response.json(), document)
  })

  test('tells right answers from wrong ones', () => {
    const check = createAnswerCheck(document)
    const version = { method: 'GET', path: '/version', status: 200, contentType: 'application/json' }
    assert.equal(check({ ...version, body: '{"version":"v1"}' }), undefined)
    assert.match(String(check({ ...version, body: '{"version":1}' })), /version/)
    assert.match(String(check({ ...version, body: '{' })), /\S/)
    assert.match(String(check({ ...version, body: 'v1', contentType: 'text/plain' })), /text\/plain/)
    assert.match(String(check({ ...version, path: '/nowhere', body: '{}' })), /not in the document/)
    assert.match(String(check({ ...version, status: 400, body: '{"error":"short"}' })), /error/)
    const stream = { ...version, method: 'POST', path: '/v1/chat/completions', contentType: 'text/event-stream' }
    assert.match(String(check({ ...stream, body: 'data: {"object":"chat.completion.chunk"}\n\n' })), /\S/)
    assert.equal(check({ ...stream, body: ': ping\n\ndata: [DONE]\n\n' }), undefined)
  })

  test('there is a page to read it, made of files of this node only', async () => {
    const response = await fetch(`${api.url}/swagger/`)
    assert.equal(response.status, 200)
    assert.match(String(response.headers.get('content-type')), /^text\/html/)
    assert.match(String(response.headers.get('content-security-policy')), /default-src 'none'; script-src 'self'/)
    const page = await response.text()
    const files = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file = '']) => file)
    assert.ok(files.length >= 3)
    for (const file of files) {
      assert.match(file, /^[\w.-]+$/)
      const found = await fetch(`${api.url}/swagger/${file}`)
      assert.equal(found.status, 200, file)
      await found.arrayBuffer()
    }
    assert.doesNotMatch(page, /<script>|style=/)
  })

  test('the page is found without its slash, and nothing else is served', async () => {
    const bare = await fetch(`${api.url}/swagger`, { redirect: 'manual' })
    assert.equal(bare.status, 302)
    assert.equal(bare.headers.get('location'), 'swagger/')
    for (const file of ['package.json', '..%2fpackage.json', 'swagger-ui.js', 'index.js']) {
      assert.equal((await fetch(`${api.url}/swagger/${file}`)).status, 404, file)
    }
  })
})

test('with keys the document needs one like everything else', async () => {
  await using api = await startApi({ apiKeys: ['secret'] })
  assert.equal((await fetch(`${api.url}/openapi.json`)).status, 401)
  const headers = { authorization: 'Bearer secret' }
  assert.equal((await fetch(`${api.url}/openapi.json`, { headers })).status, 200)
})

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { isNothingBegun, toAppError, toErrorAnswer } from '../../../src/api/error-response.ts'
import { toErrorBody } from '../../../src/api/openai/errors.ts'
import { AppError, type ErrorCode } from '../../../src/base/errors.ts'

/** The closed list, read from the source that declares it. */
const source = readFileSync(new URL('../../../src/base/errors.ts', import.meta.url), 'utf8')
const codes = [...source.matchAll(/^ {2}\| '([\w.-]+)'$/gm)].map(([, code]) => code as ErrorCode)

describe('error table', () => {
  it('has an answer for every code, which no inside can be read from', () => {
    assert.ok(codes.length > 20)
    for (const code of codes) {
      const answer = toErrorAnswer(new AppError(code, 'reason: /home/ann/models/x.gguf is broken'), 'id-1')
      assert.ok(answer.status >= 400 && answer.status <= 503, code)
      if (answer.status < 500) continue
      assert.doesNotMatch(answer.message, /home|\bann\b/, code)
      assert.match(answer.message, /\(request id-1\)$/, code)
    }
  })

  const statuses: readonly [ErrorCode, number][] = [
    ['request.invalid', 400],
    ['request.unsupported', 400],
    ['request.context-exceeded', 400],
    ['request.not-found', 404],
    ['request.too-large', 413],
    ['model.not-found', 400],
    ['model.file-invalid', 500],
    ['backend.load-failed', 500],
    ['backend.cooling-down', 503],
    ['node.stopping', 503],
    ['request.unauthorized', 401],
    ['request.forbidden', 403],
    ['network.model-not-found', 404],
    ['federation.unavailable', 503],
    ['federation.overloaded', 429],
    ['internal', 500],
  ]
  for (const [code, status] of statuses) {
    it(`gives ${status} for ${code}`, () => {
      assert.equal(toErrorAnswer(new AppError(code, 'x'), 'id').status, status)
    })
  }

  it("tells what a user can do something about, but not the machine's folders", () => {
    const says = (message: string) => toErrorAnswer(new AppError('model.file-invalid', message), 'i').message
    assert.equal(says('/srv/models/a.gguf: too short'), 'a.gguf: too short (request i)')
    assert.equal(says('cannot read "C:\\models\\a.gguf"'), 'cannot read "a.gguf" (request i)')
    assert.equal(says('see https://host/v1/docs and 1/2'), 'see https://host/v1/docs and 1/2 (request i)')
    assert.equal(says('tensor a/b/c.weight ends late'), 'tensor a/b/c.weight ends late (request i)')
  })

  it('takes the time to wait from the error, else from the table', () => {
    const after = (details: Record<string, number>) =>
      toErrorAnswer(new AppError('backend.cooling-down', 'x', { details }), 'i').retryAfterSeconds
    assert.equal(after({ retryAfterMs: 1200 }), 2)
    assert.equal(after({ retryAfterMs: 0 }), 1)
    assert.equal(after({}), 10)
    assert.equal(
      toErrorAnswer(new AppError('internal', 'x', { details: { retryAfterMs: 5 } }), 'i').retryAfterSeconds,
      undefined,
    )
  })
})

describe('what another node may be asked after', () => {
  it('is a node that cannot, not a request that is wrong', () => {
    const elsewhere = codes.filter(isNothingBegun)
    for (const code of ['backend.start-failed', 'model.not-found', 'model.busy', 'node.stopping'] as const) {
      assert.ok(elsewhere.includes(code), code)
    }
    for (const code of elsewhere) assert.doesNotMatch(code, /^(request|federation|network|peer|internal)/)
    for (const code of ['backend.failed', 'backend.died', 'backend.unsupported'] as const)
      assert.ok(!elsewhere.includes(code), code)
  })
})

describe('errors of the framework', () => {
  const thrown = (code: string, statusCode: number) => Object.assign(new Error('said'), { code, statusCode })

  const cases = [
    [thrown('FST_ERR_CTP_BODY_TOO_LARGE', 413), 'request.too-large'],
    [thrown('FST_ERR_CTP_INVALID_MEDIA_TYPE', 415), 'request.invalid'],
    [thrown('FST_ERR_BAD_URL', 400), 'request.invalid'],
    [thrown('FST_ERR_OTHER', 500), 'internal'],
    [new TypeError('x is undefined'), 'internal'],
    ['a string', 'internal'],
    [undefined, 'internal'],
    [new AppError('model.busy', 'x'), 'model.busy'],
  ] as const
  for (const [error, code] of cases) {
    it(`${String(error)} becomes ${code}`, () => {
      assert.equal(toAppError(error).code, code)
    })
  }
})

describe('errors of the disk', () => {
  const thrown = (code: string, more: object = {}) =>
    Object.assign(new Error(`${code}: /home/zoe/x`), { code, ...more })

  it('are told as such, without the inside of the node', () => {
    for (const error of [
      thrown('ENOSPC', { syscall: 'write' }),
      thrown('EROFS', { path: '/home/zoe/x' }),
      thrown('EACCES', { path: '/home/zoe/x' }),
      thrown('ERR_SQLITE_ERROR', { errcode: 13 }),
      // SQLITE_IOERR_WRITE.
      thrown('ERR_SQLITE_ERROR', { errcode: 778 }),
    ]) {
      const { code, status, message } = toErrorAnswer(toAppError(error), 'id-1')
      assert.deepEqual([code, status], ['storage.failed', 500])
      assert.match(message, /its disk may be full/)
      assert.doesNotMatch(message, /zoe/)
    }
  })

  it('are not those of sockets', () => {
    assert.equal(toAppError(thrown('EACCES', { syscall: 'connect' })).code, 'internal')
  })

  it('are not mistakes in what the database was asked', () => {
    // SQLITE_CONSTRAINT_UNIQUE.
    assert.equal(toAppError(thrown('ERR_SQLITE_ERROR', { errcode: 2067 })).code, 'internal')
  })
})

describe("OpenAI's shape", () => {
  it('always has its four fields', () => {
    assert.deepEqual(toErrorBody({ status: 400, message: 'm', param: 'n' }), {
      error: { code: 400, message: 'm', type: 'invalid_request_error', param: 'n' },
    })
    assert.equal(toErrorBody({ status: 403, message: 'm', param: null }).error.type, 'authorization_error')
    assert.deepEqual(toErrorBody({ status: 503, message: 'm', param: null }), {
      error: { code: 503, message: 'm', type: 'server_error', param: null },
    })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Metadata, status } from '@grpc/grpc-js'
import { completeTrailers, createBackendCalls, toLoadError } from '../../../src/backends/backend-calls.ts'
import { AppError } from '../../../src/base/errors.ts'
import { writeTrailers } from '../../../src/grpc/trailers.ts'

function serviceError(code: status, details: string, errorCode?: string): Error {
  const metadata = errorCode === undefined ? new Metadata() : writeTrailers({ errorCode })
  return Object.assign(new Error(`${code} ${details}`), { code, details, metadata })
}

describe('failed calls', () => {
  const cases = [
    [serviceError(status.INTERNAL, 'odd'), 'backend.failed'],
    [serviceError(status.UNIMPLEMENTED, 'no'), 'backend.unsupported'],
    [serviceError(status.UNAVAILABLE, 'gone'), 'backend.died'],
    [serviceError(status.INVALID_ARGUMENT, 'long', 'request.context-exceeded'), 'request.context-exceeded'],
    [serviceError(status.UNKNOWN, 'engine', 'backend.died'), 'backend.died'],
    [serviceError(status.UNKNOWN, 'forged', 'config.invalid'), 'backend.failed'],
    [serviceError(status.UNKNOWN, 'forged', 'no such code'), 'backend.failed'],
    [new Error('plain'), 'backend.failed'],
    ['a string', 'backend.failed'],
  ] as const
  for (const [thrown, code] of cases) {
    it(`${String(thrown)} is ${code}`, async () => {
      const error = await createBackendCalls({}).toError(thrown, {})
      assert.equal(error.code, code)
      assert.doesNotMatch(error.message, /^\d/, 'the status number is not for people')
    })
  }

  it("reject with the signal's reason when that is the cause", async () => {
    const signal = AbortSignal.abort(new Error('client left'))
    await assert.rejects(createBackendCalls({}).toError(serviceError(status.CANCELLED, 'x'), { signal }), /client left/)
  })

  it('ask for the reason of a loss, also when we ended the channel', async () => {
    const reason = new AppError('backend.died', 'was ended by SIGABRT')
    const asked: (string | undefined)[] = []
    const calls = createBackendCalls({
      onLost: async (_cause, code) => {
        asked.push(code)
        return reason
      },
    })
    assert.equal(await calls.toError(serviceError(status.UNAVAILABLE, 'gone'), {}), reason)
    assert.equal((await calls.toError(serviceError(status.CANCELLED, 'theirs'), {})).code, 'backend.failed')
    calls.end()
    assert.equal(await calls.toError(serviceError(status.CANCELLED, 'ours'), {}), reason)
    assert.deepEqual(asked, [undefined, undefined])
  })

  it('of LoadModel keep a telling code and lose a vague one', () => {
    const invalid = toLoadError(new AppError('model.file-invalid', 'bad magic', { details: { offset: 4 } }))
    assert.deepEqual([invalid.code, invalid.message], ['model.file-invalid', 'could not load model: bad magic'])
    assert.deepEqual(invalid.details, { offset: 4 })
    assert.equal(toLoadError(new AppError('backend.died', 'x')).code, 'backend.load-failed')
    assert.equal(toLoadError(new Error('x')).code, 'backend.load-failed')
  })
})

describe('the end of an answer', () => {
  it("is what the backend says; a stranger's is worked out from what it sent", () => {
    const seen = { tokens: 5, toolCalls: false, maxTokens: 5 }
    assert.deepEqual(completeTrailers({ finishReason: 'stop', cachedTokens: 2 }, seen), {
      finishReason: 'stop',
      cachedTokens: 2,
    })
    assert.deepEqual(completeTrailers({}, seen), { finishReason: 'length' })
    assert.deepEqual(completeTrailers({}, { ...seen, tokens: 4 }), { finishReason: 'stop' })
    assert.deepEqual(completeTrailers({}, { ...seen, maxTokens: 0 }), { finishReason: 'stop' })
    assert.deepEqual(completeTrailers({}, { ...seen, toolCalls: true }), { finishReason: 'tool-calls' })
  })

  it('drops a count that is none', () => {
    const seen = { tokens: 0, toolCalls: false, maxTokens: 0 }
    for (const cachedTokens of [Number.NaN, -1, 1.5]) {
      assert.deepEqual(completeTrailers({ cachedTokens, errorCode: 'x' }, seen), { finishReason: 'stop' })
    }
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Compile } from 'typebox/compile'
import { toErrorBody } from '../../../src/api/anthropic/errors.ts'
import { ErrorBody } from '../../../src/api/anthropic/response-schema.ts'
import { toErrorAnswer } from '../../../src/api/error-response.ts'
import { AppError, type ErrorCode } from '../../../src/base/errors.ts'

const validator = Compile(ErrorBody)

function bodyOf(code: ErrorCode) {
  const body = toErrorBody(toErrorAnswer(new AppError(code, 'the reason'), 'id-1'))
  assert.ok(validator.Check(body))
  return body
}

describe("an error in Anthropic's shape", () => {
  const cases: readonly [ErrorCode, ErrorBody['error']['type'], RegExp][] = [
    ['request.invalid', 'invalid_request_error', /^the reason$/],
    ['request.unsupported', 'invalid_request_error', /^the reason$/],
    ['request.unprocessable', 'invalid_request_error', /^the reason$/],
    ['request.unauthorized', 'authentication_error', /^the reason$/],
    ['request.forbidden', 'permission_error', /^the reason$/],
    ['request.not-found', 'not_found_error', /^the reason$/],
    ['network.model-not-found', 'not_found_error', /^the reason$/],
    ['request.too-large', 'request_too_large', /^the reason$/],
    ['request.rate-limited', 'rate_limit_error', /^the reason$/],
    ['federation.overloaded', 'rate_limit_error', /^the reason$/],
    ['node.overloaded', 'overloaded_error', /^the reason/],
    ['peer.unreachable', 'api_error', /cannot be reached/],
    ['model.not-found', 'invalid_request_error', /^model configuration not found$/],
    ['backend.load-failed', 'api_error', /^model inference failed: the reason \(request id-1\)$/],
    ['backend.start-failed', 'api_error', /^model inference failed: the model's backend process could not/],
    ['backend.failed', 'api_error', /^prediction failed: the model's backend failed/],
    ['backend.died', 'api_error', /^prediction failed: the model's backend process ended/],
  ]
  for (const [code, type, message] of cases) {
    it(`${code} is a ${type}`, () => {
      const { error } = bodyOf(code)
      assert.equal(error.type, type)
      assert.match(error.message, message)
    })
  }
})

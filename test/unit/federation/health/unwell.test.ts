import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AppError } from '../../../../src/base/errors.ts'
import { illnessOf, isIllness, toNotStarted } from '../../../../src/federation/health/unwell.ts'
import { NOT_STARTED_HEADER } from '../../../../src/federation/routed-request.ts'

test('a node tells whether it could not begin because it is not well', () => {
  const told = (code: 'backend.load-failed' | 'model.busy') => illnessOf({ [NOT_STARTED_HEADER]: toNotStarted(code) })
  assert.equal(isIllness(told('backend.load-failed')), true)
  assert.equal(isIllness(told('model.busy')), false)
  assert.equal(isIllness(illnessOf({})), false)
  assert.equal(isIllness(new AppError('peer.unreachable', 'gone')), false)
})

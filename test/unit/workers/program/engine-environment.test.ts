import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../../../src/base/errors.ts'
import { engineEnvironment, MAX_WORKERS, workerSocket } from '../../../../src/workers/program/engine-environment.ts'

const llamaRpc = { plugin: '/cache/llama-rpc-plugin.so' }
const withCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code

describe('the environment of an engine that uses workers', () => {
  it('names the plug-in, the folder and what each worker takes', () => {
    const environment = engineEnvironment(llamaRpc, { socketFolder: '/run/x', weights: [3, 0, 10] })
    assert.deepEqual(environment, {
      GGML_BACKEND_PATH: '/cache/llama-rpc-plugin.so',
      LLAMA_RPC_SOCKETS: '/run/x',
      LLAMA_RPC_SERVERS: 'worker:0*3,worker:1*0,worker:2*10',
      GGML_NO_BACKTRACE: '1',
    })
    assert.equal(workerSocket('/run/x', 2), '/run/x/2.sock')
  })
  it('takes no more workers than the scheduler of ggml', () => {
    const weights = (count: number) => ({ socketFolder: '/run/x', weights: new Array(count).fill(1) })
    assert.doesNotThrow(() => engineEnvironment(llamaRpc, weights(MAX_WORKERS)))
    assert.throws(() => engineEnvironment(llamaRpc, weights(MAX_WORKERS + 1)), withCode('model.does-not-fit'))
  })
  it('refuses what ggml would take for something else, or abort at', () => {
    for (const weights of [[], [0, 0], [1, -1], [1.5], [70_000], [Number.NaN]]) {
      assert.throws(() => engineEnvironment(llamaRpc, { socketFolder: '/run/x', weights }), withCode('internal'))
    }
    const long = { socketFolder: `/${'x'.repeat(100)}`, weights: [1] }
    assert.throws(() => engineEnvironment(llamaRpc, long), withCode('internal'))
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { backendEnvironment } from '../../../src/backends/backend-environment.ts'

describe('the environment of a backend', () => {
  it('has what programs and devices need, and no secret whatever its name begins with', () => {
    const own = {
      PATH: '/bin',
      LC_ALL: 'C',
      CUDA_VISIBLE_DEVICES: '1',
      HF_HOME: '/hf',
      LLAMACPP_GRPC_SERVERS: 'a:1',
      HF_TOKEN: 's',
      HUGGINGFACE_API_KEY: 's',
      LLAMA_API_KEYS: 's',
      GGML_PASSWORD: 's',
      XDG_SESSION_COOKIE: 's',
      LOCALAI_API_KEY: 's',
      API_KEY: 's',
      TOKEN: 's',
      NODE_OPTIONS: '--inspect',
      LD_PRELOAD: '/x.so',
      ANYTHING: 'else',
      LANG: undefined,
    }
    assert.deepEqual(backendEnvironment(own, {}), {
      PATH: '/bin',
      LC_ALL: 'C',
      CUDA_VISIBLE_DEVICES: '1',
      HF_HOME: '/hf',
      LLAMACPP_GRPC_SERVERS: 'a:1',
      GGML_NO_BACKTRACE: '1',
      LOCALAI_BACKEND_LIFELINE: 'stdin',
    })
  })

  it('takes what the definition says over what is inherited, but not its lifeline', () => {
    const environment = backendEnvironment(
      { PATH: '/bin' },
      { PATH: '/own', EXTRA: 'x', LOCALAI_BACKEND_LIFELINE: 'no' },
    )
    assert.deepEqual(environment, {
      PATH: '/own',
      EXTRA: 'x',
      GGML_NO_BACKTRACE: '1',
      LOCALAI_BACKEND_LIFELINE: 'stdin',
    })
  })

  it('falls back where nothing of that name is inherited', () => {
    const environment = backendEnvironment(
      { HF_HOME: '/mine' },
      {},
      { HF_HOME: '/models', TRANSFORMERS_CACHE: '/models' },
    )
    assert.deepEqual([environment['HF_HOME'], environment['TRANSFORMERS_CACHE']], ['/mine', '/models'])
  })
})

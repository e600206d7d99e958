import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../src/base/errors.ts'
import { startApi } from './api-harness.ts'
import { modelConfig } from './scripted-backend.ts'

const ask = (model: string) => ({ model, messages: [{ role: 'user', content: 'hi' }] })

describe('models that may not answer', () => {
  it('[API-MODEL-DISABLED-403] a disabled one', async () => {
    await using api = await startApi()
    api.node.models = [{ id: 'off', config: modelConfig('off', { disabled: true }), created: 1 }]
    const response = await api.post('/v1/chat/completions', ask('off'))
    assert.equal(response.status, 403)
    assert.deepEqual(await response.json(), {
      error: { code: 403, message: 'model "off" is disabled', type: 'model_disabled', param: 'model' },
    })
  })

  it('[API-MODEL-BUSY-503] one that works on as many requests as it may, and when to ask again', async () => {
    await using api = await startApi()
    api.node.acquire = async () => {
      throw new AppError('model.busy', 'model tiny works on as many requests as it may (2)', {
        details: { retryAfterMs: 7000 },
      })
    }
    const response = await api.post('/v1/chat/completions', ask('tiny'))
    assert.equal(response.status, 503)
    assert.equal(response.headers.get('retry-after'), '7')
  })

  it('[CLI-DISABLE-WEBUI] the routes that only web pages ask are not there when there shall be no pages', async () => {
    const status = async (url: string, path: string): Promise<number> => (await fetch(`${url}${path}`)).status
    await using withPages = await startApi()
    await using without = await startApi({ webUi: false })
    for (const path of ['/api/p2p/workers', '/api/p2p/federation', '/api/p2p/stats']) {
      assert.deepEqual([await status(withPages.url, path), await status(without.url, path)], [200, 404])
    }
    assert.equal(await status(without.url, '/api/p2p'), 200)
  })
})

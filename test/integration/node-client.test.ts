import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { askForPlan } from '../../src/compose/model-plan.ts'
import { createNodeClient } from '../../src/compose/node-client.ts'
import { startFileServer } from '../support/file-server.ts'
import { MAIN } from '../support/local-ai.ts'

const MIB = Buffer.alloc(2 ** 20, 'x')

describe('what a command asks of a running node', () => {
  it('goes below the prefix of a proxy', async () => {
    await using server = await startFileServer((_request, response) => response.end('{}'))
    for (const prefix of ['', '/', '/node-1', '/a/b/']) {
      await createNodeClient({ endpoint: `${server.origin}${prefix}`, apiKey: undefined }).get('/api/p2p/status?x=1')
    }
    const paths = server.requests.map(({ path }) => path.replace('/api/p2p/status?x=1', ''))
    assert.deepEqual(paths, ['', '', '/node-1', '/a/b'])
  })

  it('is an error in words when the answer breaks off', async () => {
    await using server = await startFileServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"nodes":', () => response.destroy())
    })
    const client = createNodeClient({ endpoint: server.origin, apiKey: undefined })
    await assert.rejects(client.get('/api/p2p/workers'), { code: 'peer.unreachable', message: /broke off its answer/ })
  })

  it('is not read to its end when there is too much of it', { timeout: 20_000 }, async () => {
    const closed = Promise.withResolvers<void>()
    await using server = await startFileServer((_request, response) => {
      response.writeHead(200)
      response.on('close', () => closed.resolve())
      const more = (): void => {
        while (!response.destroyed && response.write(MIB));
      }
      response.on('drain', more)
      more()
    })
    const client = createNodeClient({ endpoint: server.origin, apiKey: undefined })
    await assert.rejects(client.get('/api/p2p/status'), { code: 'request.invalid', message: /answered too much/ })
    await closed.promise
  })
})

describe('a command that changes something on a node', () => {
  it('fails when what answers is no node of ours, for whatever is done next relies on it', async () => {
    await using server = await startFileServer((_request, response) => response.end('{"nodes":[]}'))
    for (const words of [
      ['p2p', 'drain'],
      ['p2p', 'lend', 'on'],
    ]) {
      const said = promisify(execFile)(process.execPath, [MAIN, ...words, '--json', '--endpoint', server.origin])
      await assert.rejects(said, { code: 1, stdout: '', stderr: /did not answer as one of ours does/ })
    }
  })
})

describe('the plan of a model', () => {
  const modelsPath = fileURLToPath(new URL('../../assets/models', import.meta.url))
  const planOf = (endpoint: string) =>
    askForPlan(
      'tiny-chat-q8_0.gguf',
      { endpoint, apiKey: undefined, modelsPath, contextSize: undefined, split: 'auto', workers: [] },
      {},
    )

  it('is for this machine alone where no node runs, but not for another machine', async () => {
    let origin = ''
    {
      await using server = await startFileServer((_request, response) => response.end())
      origin = server.origin
    }
    assert.equal((await planOf(origin)).verdict, 'here')
    assert.equal((await planOf(origin.replace('127.0.0.1', 'localhost'))).verdict, 'here')
    // Nothing listens there either, but it is not named as this machine.
    await assert.rejects(planOf(origin.replace('127.0.0.1', '0.0.0.0')), { code: 'peer.unreachable' })
  })

  it('is not made up of this machine when a node is there and says nothing of use', async () => {
    await using server = await startFileServer((_request, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{"verdict":', () => response.destroy())
    })
    await assert.rejects(planOf(server.origin), { code: 'peer.unreachable', message: /broke off its answer/ })
    await using silent = await startFileServer((_request, response) => response.destroy())
    await assert.rejects(planOf(silent.origin), { code: 'peer.unreachable', message: /no node answers/ })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../../../src/base/errors.ts'
import type { AbortOptions } from '../../../../src/base/signals.ts'
import { homeOf } from '../../../../src/federation/home.ts'
import { createKeyedRouter } from '../../../../src/federation/idempotency/keyed-router.ts'
import type { RequestRouter, Routed, RoutedRequest } from '../../../../src/federation/routed-request.ts'

function ask(body = 'hi'): RoutedRequest {
  return {
    ...{ method: 'POST', target: '/v1/chat/completions', endpoint: 'chat', owner: '' },
    headers: { 'idempotency-key': 'k' },
    body: Buffer.from(body),
  } as unknown as RoutedRequest
}

function answerOf(peerId: string, status = 200): Routed {
  const body = (async function* empty() {})()
  return { kind: 'remote', answer: { status, headers: {}, body, node: { peerId, name: peerId }, attempts: [] } }
}

/** Keepers that know nothing yet, and nodes that are asked in turn; each answer waits to be let go. */
function createScene() {
  const asked: { readonly home: string | undefined; readonly done: PromiseWithResolvers<Routed> }[] = []
  const router: Pick<RequestRouter, 'route'> = {
    async route({ home }: RoutedRequest, { signal }: AbortOptions = {}) {
      const done = Promise.withResolvers<Routed>()
      signal?.addEventListener('abort', () => done.reject(signal.reason))
      asked.push({ home, done })
      return await done.promise
    },
  }
  const keyed = createKeyedRouter({
    router: router as RequestRouter,
    keepers: { ask: async () => undefined },
    network: { peerId: 'id-entry', name: 'entry' },
  })
  return { asked, route: (request: RoutedRequest, options: AbortOptions = {}) => keyed.route(request, options) }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
}

function nodeOf(routed: Routed): string {
  return routed.kind === 'remote' ? routed.answer.node.peerId : 'local'
}

describe('requests with the same key that come before anybody knows of it', { timeout: 10_000 }, () => {
  it('all go to the node that has begun the first one', async () => {
    const { asked, route } = createScene()
    const all = [route(ask()), route(ask()), route(ask())]
    await settle()
    assert.equal(asked.length, 1)
    asked[0]?.done.resolve(answerOf('id-a'))
    await settle()
    assert.deepEqual(
      asked.map(({ home }) => home),
      [undefined, homeOf('id-a'), homeOf('id-a')],
    )
    for (const { done } of asked) done.resolve(answerOf('id-a'))
    assert.deepEqual((await Promise.all(all)).map(nodeOf), ['id-a', 'id-a', 'id-a'])
  })

  it('take the place of the first one, one after the other, when it comes to nothing', async () => {
    const { asked, route } = createScene()
    const leaving = new AbortController()
    const first = route(ask(), { signal: leaving.signal })
    const second = route(ask())
    const third = route(ask())
    const fourth = route(ask())
    await settle()
    leaving.abort(new Error('gone'))
    await assert.rejects(first, /gone/)
    await settle()
    assert.equal(asked.length, 2)
    asked[1]?.done.reject(new AppError('federation.unavailable', 'none'))
    await assert.rejects(second, { code: 'federation.unavailable' })
    await settle()
    assert.equal(asked.length, 3)
    asked[2]?.done.resolve(answerOf('id-b', 500))
    assert.equal(nodeOf(await third), 'id-b')
    await settle()
    assert.deepEqual([asked.length, asked[3]?.home], [4, undefined])
    asked[3]?.done.resolve(answerOf('id-c'))
    assert.equal(nodeOf(await fourth), 'id-c')
  })

  it('are refused when they ask for something else, and wait no longer than their clients', async () => {
    const { asked, route } = createScene()
    const first = route(ask())
    await assert.rejects(route(ask('something else')), { code: 'request.unprocessable' })
    const leaving = new AbortController()
    const second = route(ask(), { signal: leaving.signal })
    await settle()
    leaving.abort(new Error('gone'))
    await assert.rejects(second, /gone/)
    asked[0]?.done.resolve(answerOf('id-a'))
    assert.equal(nodeOf(await first), 'id-a')
    assert.equal(asked.length, 1)
  })
})

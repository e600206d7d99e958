import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { pino } from 'pino'
import type { Role } from '../../src/accounts/account.ts'
import { type Accounts, openAccounts } from '../../src/accounts/open-accounts.ts'
import type { RegistrationMode } from '../../src/accounts/registration.ts'
import { type ApiHarness, startApi } from './api-harness.ts'
import { fakeNetwork } from './fake-network.ts'
import { type HttpAnswer, send } from './http-client.ts'

const PASSWORD = 'correct horse'
const CHAT = '/v1/chat/completions'
const chat = { model: 'tiny', messages: [{ role: 'user', content: 'hi' }] }

interface NodeWithAccounts extends AsyncDisposable {
  readonly api: ApiHarness
  readonly accounts: Accounts
  readonly clock: { now: number }
  call(method: string, path: string, init?: { headers?: Record<string, string>; body?: unknown }): Promise<HttpAnswer>
  /** Makes a user and signs in. */
  session(name: string, role?: Role): Promise<{ readonly id: string; readonly cookie: string }>
}

async function startNode({
  registrationMode = 'open',
  apiKeys = [],
}: {
  readonly registrationMode?: RegistrationMode
  readonly apiKeys?: readonly string[]
} = {}): Promise<NodeWithAccounts> {
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-accounts-'))
  const clock = { now: Date.now() }
  const accounts = openAccounts(
    { log: pino({ level: 'silent' }), now: () => clock.now },
    {
      file: join(folder, 'accounts.db'),
      setupCodeFile: join(folder, 'setup-code'),
      registrationMode,
      passwordCost: { memoryKibibytes: 8, passes: 1 },
    },
  )
  const api = await startApi({ accounts, apiKeys }, fakeNetwork().deps)
  const call: NodeWithAccounts['call'] = (method, path, init = {}) => send(`${api.url}${path}`, { method, ...init })
  return {
    api,
    accounts,
    clock,
    call,
    async session(name, role = 'user') {
      const { id } = await accounts.administration.create({ name, password: PASSWORD, role })
      return { id, cookie: cookieIn(await call('POST', '/api/auth/login', { body: { name, password: PASSWORD } })) }
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await accounts[Symbol.asyncDispose]()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** `session=…` of an answer that must set it. */
function cookieIn({ headers, status, text }: HttpAnswer): string {
  assert.equal(status, 200, text)
  const [cookie = '', ...more] = headers['set-cookie'] ?? []
  assert.deepEqual(more, [])
  return cookie.split(';')[0] ?? ''
}

const json = ({ text }: HttpAnswer) => JSON.parse(text) as Record<string, unknown>

describe('a node with accounts', () => {
  it('[AUTH-401-ACCOUNTS] is closed to everybody else, and says how to sign in', async () => {
    await using node = await startNode()
    for (const path of ['/v1/models', '/system', '/api/auth/me', '/api/auth/api-keys', '/made-up']) {
      const answer = await node.call('GET', path)
      assert.equal(answer.status, 401, path)
      assert.equal(answer.headers['www-authenticate'], 'Bearer')
    }
    const wrong = [
      { authorization: 'Bearer lai-made-up' },
      { 'x-api-key': 'made-up' },
      { cookie: 'session=made-up' },
      { cookie: 'token=made-up' },
    ]
    for (const headers of wrong) {
      assert.equal((await node.call('POST', CHAT, { headers, body: chat })).status, 401, JSON.stringify(headers))
    }
    assert.equal(node.api.node.asked.length, 0)
    assert.deepEqual(json(await node.call('GET', '/api/auth/status')), {
      authEnabled: true,
      staticApiKeyRequired: false,
      providers: ['local'],
      hasUsers: false,
      registrationMode: 'open',
      user: null,
    })
  })

  it('without accounts has none of their routes, but tells so', async () => {
    await using api = await startApi()
    assert.equal((await send(`${api.url}/api/auth/login`, { method: 'POST', body: {} })).status, 404)
    assert.equal(json(await send(`${api.url}/api/auth/status`))['authEnabled'], false)
    await using closed = await startApi({ apiKeys: ['k'] })
    assert.equal(json(await send(`${closed.url}/api/auth/status`))['staticApiKeyRequired'], true)
  })

  it('[AUTH-SESSION] is used with a session, by cookie or as a bearer', async () => {
    await using node = await startNode()
    const { cookie } = await node.session('ada')
    const secret = cookie.replace('session=', '')
    for (const headers of [{ cookie }, { authorization: `Bearer ${secret}` }, { cookie: `a=b; ${cookie}; token=x` }]) {
      assert.equal((await node.call('POST', CHAT, { headers, body: chat })).status, 200, JSON.stringify(headers))
    }
    const me = json(await node.call('GET', '/api/auth/me', { headers: { cookie } }))['user'] as Record<string, unknown>
    assert.deepEqual([me['name'], me['role'], me['email'], me['provider']], ['ada', 'user', null, 'local'])
    assert.ok(!JSON.stringify(me).includes('argon2'))
  })

  it('[AUTH-403-ADMIN] keeps what admins do from users, in the words of the reference', async () => {
    await using node = await startNode({ apiKeys: ['legacy'] })
    const user = await node.session('bob')
    const admin = await node.session('ada', 'admin')
    const rows = [
      ['GET', '/api/p2p/token'],
      ['GET', '/api/p2p/status'],
      ['GET', '/api/auth/admin/users'],
      ['POST', '/api/auth/admin/invites'],
      ['DELETE', `/api/auth/admin/users/${admin.id}`],
    ] as const
    for (const [method, path] of rows) {
      const refused = await node.call(method, path, { headers: { cookie: user.cookie }, body: {} })
      assert.equal(refused.status, 403, path)
      assert.deepEqual(json(refused), {
        error: { code: 403, message: 'Admin access required', type: 'authorization_error', param: null },
      })
    }
    for (const headers of [{ cookie: admin.cookie }, { authorization: 'Bearer legacy' }, { cookie: 'token=legacy' }]) {
      assert.equal(
        (await node.call('GET', '/api/p2p/token', { headers: headers as Record<string, string> })).status,
        200,
      )
    }
    const none = await node.call('GET', '/api/auth/me', { headers: { authorization: 'Bearer legacy' } })
    assert.deepEqual(
      [none.status, /accounts/.test(none.text)],
      [403, true],
      'a key of the node is nobody in particular',
    )
  })
})

describe('the session cookie', () => {
  it('is not for scripts, not for other sites, and encrypted where the request was', async () => {
    await using node = await startNode()
    await node.session('ada')
    const body = { email: 'ada', password: PASSWORD }
    const [plain = ''] = (await node.call('POST', '/api/auth/login', { body })).headers['set-cookie'] ?? []
    assert.match(plain, /^session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Max-Age=60\d{4}$/)
    const headers = { 'x-forwarded-proto': 'https' }
    const [secure = ''] = (await node.call('POST', '/api/auth/login', { headers, body })).headers['set-cookie'] ?? []
    assert.match(secure, /; Secure$/)
  })

  it('is never one that somebody else has chosen: signing in makes a new one and ends the old one', async () => {
    await using node = await startNode()
    await node.session('ada', 'admin')
    const eve = await node.session('eve')
    const body = { name: 'ada', password: PASSWORD }
    const planted = await node.call('POST', '/api/auth/login', { headers: { cookie: eve.cookie }, body })
    const fresh = cookieIn(planted)
    assert.notEqual(fresh, eve.cookie)
    const who = async (cookie: string) => (await node.call('GET', '/api/auth/me', { headers: { cookie } })).status
    assert.deepEqual([await who(eve.cookie), await who(fresh)], [401, 200])
    const chosen = cookieIn(await node.call('POST', '/api/auth/login', { headers: { cookie: 'session=chosen' }, body }))
    assert.notEqual(chosen, 'session=chosen')
    assert.equal(await who('session=chosen'), 401)
  })

  it('is renewed on the way, expires, and ends by signing out', async () => {
    await using node = await startNode()
    const { cookie } = await node.session('ada')
    const get = (value: string) => node.call('GET', '/v1/models', { headers: { cookie: value } })
    assert.equal((await get(cookie)).headers['set-cookie'], undefined)
    node.clock.now += 3_600_000
    const authorization = cookie.replace('session=', 'Bearer ')
    const bearer = await node.call('GET', '/v1/models', { headers: { authorization } })
    assert.deepEqual([bearer.status, bearer.headers['set-cookie']], [200, undefined], 'nobody keeps a cookie there')
    const renewed = cookieIn(await get(cookie))
    assert.notEqual(renewed, cookie)
    node.clock.now += 60_000
    assert.deepEqual([(await get(cookie)).status, (await get(renewed)).status], [401, 200])
    const out = await node.call('POST', '/api/auth/logout', { headers: { cookie: renewed } })
    assert.match(String(out.headers['set-cookie']), /^session=; .*Max-Age=0/)
    assert.equal((await get(renewed)).status, 401)
    const again = await node.call('POST', '/api/auth/login', { body: { name: 'ada', password: PASSWORD } })
    node.clock.now += 7 * 24 * 3_600_000
    assert.equal((await get(cookieIn(again))).status, 401)
    assert.equal((await node.call('POST', '/api/auth/logout')).status, 200, 'whoever is nobody can sign out')
  })

  it('is in no cache when it is renewed by a file that every browser and proxy may keep, or by a stream', async () => {
    await using node = await startNode()
    const page = (await node.call('GET', '/app')).text
    const file = /(?:src|href)="(assets\/[^"]+)"/.exec(page)?.[1]
    const cookies = [(await node.session('ada')).cookie, (await node.session('bob')).cookie]
    assert.match(String((await node.call('GET', `/${file}`)).headers['cache-control']), /^public/)
    node.clock.now += 3_600_000
    const answers = [
      await node.call('GET', `/${file}`, { headers: { cookie: String(cookies[0]) } }),
      await node.call('POST', CHAT, { headers: { cookie: String(cookies[1]) }, body: { ...chat, stream: true } }),
    ]
    for (const answer of answers) {
      assert.match(cookieIn(answer), /^session=./)
      assert.equal(answer.headers['cache-control'], 'no-store')
    }
  })

  it('is of no use to the pages of other sites, without any flag', async () => {
    await using node = await startNode()
    const { cookie } = await node.session('ada')
    const foreign = { cookie, 'sec-fetch-site': 'same-site', origin: 'http://127.0.0.1:3000' }
    for (const [method, path, body] of [
      ['POST', CHAT, chat],
      ['POST', '/api/auth/api-keys', { name: 'stolen' }],
      ['POST', '/api/auth/logout', undefined],
      ['POST', '/api/auth/login', { name: 'ada', password: PASSWORD }],
    ] as const) {
      assert.equal((await node.call(method, path, { headers: foreign, body })).status, 403, path)
    }
    assert.equal((await node.call('GET', '/api/auth/me', { headers: { cookie } })).status, 200, 'still signed in')
  })
})

describe('signing in over HTTP', () => {
  it('[AUTH-LOGIN-401] fails with a challenge, and after five times with 429 and the time to wait', async () => {
    await using node = await startNode()
    await node.session('ada')
    const tryIt = (password: string) => node.call('POST', '/api/auth/login', { body: { email: 'ada', password } })
    for (let count = 0; count < 5; count += 1) {
      const wrong = await tryIt('wrong horse')
      assert.equal(wrong.status, 401)
      assert.deepEqual(json(wrong)['error'], {
        code: 401,
        message: 'name or password is wrong',
        type: 'invalid_request_error',
        param: null,
      })
      assert.equal(wrong.headers['set-cookie'], undefined)
    }
    const limited = await tryIt(PASSWORD)
    assert.equal(limited.status, 429)
    assert.equal(limited.headers['retry-after'], '300')
  })

  it('[AUTH-LOGIN-400] says what is missing', async () => {
    await using node = await startNode()
    const rows = [
      [{ password: PASSWORD }, 'email'],
      [{ email: null, name: null, password: PASSWORD }, 'email'],
      [{ email: 'ada' }, 'password'],
      [{ email: 7, password: PASSWORD }, 'email'],
      [{ email: 'ada', password: 'x'.repeat(5000) }, 'password'],
    ] as const
    for (const [body, param] of rows) {
      const answer = await node.call('POST', '/api/auth/login', { body })
      assert.deepEqual([answer.status, (json(answer)['error'] as { param: string }).param], [400, param])
    }
  })

  it('is refused to the disabled, whose session and keys end in the same moment', async () => {
    await using node = await startNode()
    const admin = await node.session('ada', 'admin')
    const bob = await node.session('bob')
    const made = await node.call('POST', '/api/auth/api-keys', { headers: { cookie: bob.cookie }, body: { name: 'k' } })
    const authorization = `Bearer ${json(made)['key']}`
    const models = async (headers: Record<string, string>) => (await node.call('GET', '/v1/models', { headers })).status
    assert.deepEqual([await models({ cookie: bob.cookie }), await models({ authorization })], [200, 200])
    const disabled = await node.call('PUT', `/api/auth/admin/users/${bob.id}/status`, {
      headers: { cookie: admin.cookie },
      body: { status: 'disabled' },
    })
    assert.equal((json(disabled)['user'] as { status: string }).status, 'disabled')
    assert.deepEqual([await models({ cookie: bob.cookie }), await models({ authorization })], [401, 401])
    const refused = await node.call('POST', '/api/auth/login', { body: { name: 'bob', password: PASSWORD } })
    assert.deepEqual([refused.status, /disabled/.test(refused.text)], [403, true])
  })

  it('makes the first admin with the code of the node', async () => {
    await using node = await startNode()
    const body = { code: node.accounts.issueSetupCode(), name: 'ada', email: 'ada@home.example', password: PASSWORD }
    assert.equal((await node.call('POST', '/api/auth/setup', { body: { ...body, code: 'x' } })).status, 403)
    const cookie = cookieIn(await node.call('POST', '/api/auth/setup', { body }))
    assert.equal((await node.call('GET', '/api/auth/admin/users', { headers: { cookie } })).status, 200)
    assert.equal((await node.call('POST', '/api/auth/setup', { body: { ...body, name: 'eve' } })).status, 403)
  })

  it('changes the password, which ends all other sessions', async () => {
    await using node = await startNode()
    const { cookie } = await node.session('ada')
    const other = cookieIn(await node.call('POST', '/api/auth/login', { body: { name: 'ada', password: PASSWORD } }))
    const change = { current_password: PASSWORD, new_password: 'battery staple' }
    const wrong = await node.call('PUT', '/api/auth/password', {
      headers: { cookie },
      body: { ...change, current_password: 'x' },
    })
    assert.equal(wrong.status, 401)
    const fresh = cookieIn(await node.call('PUT', '/api/auth/password', { headers: { cookie }, body: change }))
    const who = async (value: string) => (await node.call('GET', '/api/auth/me', { headers: { cookie: value } })).status
    assert.deepEqual([await who(cookie), await who(other), await who(fresh)], [401, 401, 200])
  })
})

describe("a user's API keys", () => {
  it('are shown once, open the API in every way that keys do, and stop at once when they are revoked', async () => {
    await using node = await startNode()
    const { cookie } = await node.session('ada')
    const made = await node.call('POST', '/api/auth/api-keys', { headers: { cookie }, body: { name: 'laptop' } })
    assert.equal(made.headers['cache-control'], 'no-store')
    const { key, id } = json(made) as { key: string; id: string }
    const listed = await node.call('GET', '/api/auth/api-keys', { headers: { cookie } })
    assert.ok(!listed.text.includes(key))
    const [entry] = json(listed)['keys'] as { id: string; keyPrefix: string; expiresAt: null }[]
    assert.deepEqual([entry?.id, key.startsWith(entry?.keyPrefix ?? '?'), entry?.expiresAt], [id, true, null])
    const ways = [
      { authorization: `Bearer ${key}` },
      { authorization: key },
      { 'x-api-key': key },
      { 'xi-api-key': key },
      { cookie: `token=${key}` },
    ] as Record<string, string>[]
    for (const headers of ways) {
      assert.equal((await node.call('POST', CHAT, { headers, body: chat })).status, 200, JSON.stringify(headers))
    }
    const eve = await node.session('eve')
    const path = `/api/auth/api-keys/${id}`
    assert.equal((await node.call('DELETE', path, { headers: { cookie: eve.cookie } })).status, 404)
    assert.equal((await node.call('DELETE', path, { headers: { cookie } })).status, 200)
    for (const headers of ways) {
      assert.equal((await node.call('POST', CHAT, { headers, body: chat })).status, 401, JSON.stringify(headers))
    }
  })

  it('expire when their maker says so, which must be in the future', async () => {
    await using node = await startNode()
    const { cookie } = await node.session('ada')
    const make = (expiresAt: string) =>
      node.call('POST', '/api/auth/api-keys', { headers: { cookie }, body: { name: 'short', expiresAt } })
    for (const bad of ['yesterday', '2001-01-01', '']) assert.equal((await make(bad)).status, 400, bad)
    const made = json(await make(new Date(node.clock.now + 60_000).toISOString()))
    const headers = { 'x-api-key': String(made['key']) }
    assert.equal((await node.call('GET', '/v1/models', { headers })).status, 200)
    node.clock.now += 60_000
    assert.equal((await node.call('GET', '/v1/models', { headers })).status, 401)
  })
})

describe('admins over HTTP', () => {
  it('[ERR-STATUS-409] make, list, promote and remove users, and never themselves as the last', async () => {
    await using node = await startNode()
    const admin = await node.session('ada', 'admin')
    const call = (method: string, path: string, body?: unknown) =>
      node.call(method, `/api/auth/admin/${path}`, { headers: { cookie: admin.cookie }, body })
    const user = { name: 'bob', email: 'bob@home.example', password: PASSWORD }
    const { id } = json(await call('POST', 'users', user))['user'] as { id: string }
    assert.equal((await call('POST', 'users', user)).status, 409)
    const listed = await call('GET', 'users')
    assert.deepEqual((json(listed)['users'] as { name: string }[]).map(({ name }) => name).sort(), ['ada', 'bob'])
    assert.ok(!/argon2|hash/.test(listed.text))
    assert.equal((await call('PUT', `users/${admin.id}/role`, { role: 'user' })).status, 409)
    assert.equal((await call('PUT', `users/${id}/role`, { role: 'king' })).status, 400)
    assert.equal((await call('PUT', `users/${id}/role`, { role: 'admin' })).status, 200)
    assert.equal((await call('PUT', `users/${admin.id}/role`, { role: 'user' })).status, 200)
    assert.equal((await call('GET', 'users')).status, 403, 'from the next request on')
    node.accounts.administration.setRole(admin.id, 'admin')
    assert.equal((await call('DELETE', `users/${id}`)).status, 200)
    assert.equal((await call('DELETE', `users/${id}`)).status, 404)
  })

  it('invite, and withdraw invitations', async () => {
    await using node = await startNode({ registrationMode: 'invite' })
    const admin = await node.session('ada', 'admin')
    const headers = { cookie: admin.cookie }
    const register = (inviteCode?: string) =>
      node.call('POST', '/api/auth/register', { body: { name: 'guest', password: PASSWORD, inviteCode } })
    assert.equal((await register()).status, 403)
    const invite = async () =>
      json(await node.call('POST', '/api/auth/admin/invites', { headers, body: {} })) as { code: string; id: string }
    const withdrawn = await invite()
    assert.equal((await node.call('DELETE', `/api/auth/admin/invites/${withdrawn.id}`, { headers })).status, 200)
    assert.equal((await register(withdrawn.code)).status, 403)
    const good = await invite()
    const open = await node.call('GET', '/api/auth/admin/invites', { headers })
    assert.deepEqual(
      (json(open)['invites'] as { id: string }[]).map(({ id }) => id),
      [good.id],
    )
    assert.ok(!open.text.includes(good.code))
    const cookie = cookieIn(await register(good.code))
    assert.equal((await node.call('GET', '/api/auth/me', { headers: { cookie } })).status, 200)
  })
})

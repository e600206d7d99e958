import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { MAIN, startLocalAi } from '../support/local-ai.ts'

const run = promisify(execFile)

it('[CLI-AUTH] a node with LOCALAI_AUTH is closed until the command line makes an admin for it, while it runs', async () => {
  await using node = await startLocalAi({ environment: { LOCALAI_AUTH: 'true', LOCALAI_API_KEY: 'legacy' } })
  const code = readFileSync(join(node.folder, 'data', 'setup-code'), 'utf8').trim()
  assert.ok(node.log.some(({ msg }) => msg.includes('there is no admin yet')))
  assert.ok(!JSON.stringify(node.log).includes(code))
  assert.equal((await fetch(`${node.url}/v1/models`)).status, 401)
  const made = await run(process.execPath, [MAIN, 'users', 'create', '--admin', 'ada'], { cwd: node.folder })
  const password = /^password: (\S+)$/m.exec(made.stdout)?.[1]
  assert.ok(password, made.stdout)
  const headers = { 'content-type': 'application/json' }
  const post = (path: string, body: unknown) =>
    fetch(`${node.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  assert.equal((await post('/api/auth/setup', { code, name: 'eve', password: 'battery staple' })).status, 403)
  const signedIn = await post('/api/auth/login', { email: 'ada', password })
  assert.equal(signedIn.status, 200)
  const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const ways: Record<string, string>[] = [{ cookie }, { authorization: 'Bearer legacy' }]
  for (const shown of ways) {
    assert.equal((await fetch(`${node.url}/api/auth/admin/users`, { headers: shown })).status, 200)
  }
  const said = JSON.stringify(node.log)
  for (const secret of [password, cookie.replace('session=', ''), 'legacy']) assert.ok(!said.includes(secret))
  assert.ok(!said.includes('ExperimentalWarning'))
})

it('[CLI-USERS] users are made, promoted, deleted and listed on the command line, but never the last admin is lost', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-users-'))
  const users = async (words: readonly string[], input = '') => {
    const running = run(process.execPath, [MAIN, 'users', ...words, '--data-path', join(folder, 'data')])
    running.child.stdin?.end(input)
    return await running.catch((error: { code: number; stdout: string; stderr: string }) => error)
  }
  try {
    assert.match((await users([])).stdout, /^nobody has an account .*users create --admin NAME/)
    assert.equal((await users(['--json'])).stdout, '[]\n')
    const made = await users(['create', 'ada', '--admin', '--password-file', '-'], 'correct horse\n')
    assert.equal(made.stdout, 'created ada\n')
    assert.match(
      (await users(['create', 'bob', '--email', 'bob@home.example'])).stdout,
      /^created bob\npassword: \S{20}\n$/,
    )
    const kept = await users(['disable', 'ada'])
    assert.deepEqual([Reflect.get(kept, 'code'), /last admin/.test(kept.stderr)], [1, true])
    assert.equal((await users(['role', 'bob', 'admin'])).stdout, 'bob is admin\n')
    assert.equal((await users(['delete', 'ada'])).stdout, 'deleted ada\n')
    const [bob, ...more] = JSON.parse((await users(['list', '--json'])).stdout) as Record<string, string>[]
    assert.deepEqual(
      [bob?.['name'], bob?.['email'], bob?.['role'], bob?.['status'], more.length],
      ['bob', 'bob@home.example', 'admin', 'active', 0],
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

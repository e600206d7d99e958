import assert from 'node:assert/strict'
import { createHook } from 'node:async_hooks'
import { describe, it } from 'node:test'
import { createPasswords } from '../../../src/accounts/passwords.ts'

/** As cheap as argon2 can be. */
const CHEAP = { memoryKibibytes: 8, passes: 1 }

describe('passwords', () => {
  it('are told from others by a hash that never is the same twice', async () => {
    const passwords = createPasswords(CHEAP)
    const hash = await passwords.hash('correct horse')
    assert.match(hash, /^\$argon2id\$v=19\$m=8,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    assert.notEqual(hash, await passwords.hash('correct horse'))
    assert.equal(await passwords.verify('correct horse', hash), true)
    assert.equal(await passwords.verify('correct horse ', hash), false)
    assert.equal(await passwords.verify('', hash), false)
    assert.equal(await passwords.verify('correct horse', undefined), false)
  })

  it('cost as much as OWASP recommends, unless somebody says otherwise', async () => {
    assert.match(await createPasswords().hash('correct horse'), /\$m=19456,t=2,p=1\$/)
  })

  it('written by another cost, or by another program, are still known', async () => {
    const hash = await createPasswords({ memoryKibibytes: 16, passes: 2 }).hash('correct horse')
    assert.equal(await createPasswords(CHEAP).verify('correct horse', hash), true)
    // RFC 9106's algorithm in the reference implementation's own text form:
    // echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
    const foreign = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'
    assert.equal(await createPasswords(CHEAP).verify('password', foreign), true)
    assert.equal(await createPasswords(CHEAP).verify('Password', foreign), false)
  })

  it('take the same work to check where there is none', async () => {
    const passwords = createPasswords(CHEAP)
    const hash = await passwords.hash('correct horse')
    const work: string[] = []
    const hook = createHook({ init: (_id, type) => void work.push(type) }).enable()
    try {
      await passwords.verify('wrong horse', hash)
      const done = work.filter((type) => type === 'ARGON2REQUEST').length
      await passwords.verify('wrong horse', undefined)
      await passwords.verify('x'.repeat(2000), hash)
      assert.equal(done, 1)
      assert.equal(work.filter((type) => type === 'ARGON2REQUEST').length, 3)
    } finally {
      hook.disable()
    }
  })

  it('may be typed in either form of Unicode', async () => {
    const passwords = createPasswords(CHEAP)
    assert.equal(await passwords.verify('Gru\u0308ße aus', await passwords.hash('Gr\u00fcße aus')), true)
  })

  it('have a length between 8 characters and a kilobyte', async () => {
    const passwords = createPasswords(CHEAP)
    await assert.rejects(passwords.hash('1234567'), { code: 'request.invalid', details: { param: 'password' } })
    await assert.rejects(passwords.hash('ü'.repeat(513)), { code: 'request.invalid' })
    const longest = 'x'.repeat(1024)
    const hash = await passwords.hash(longest)
    assert.equal(await passwords.verify(longest, hash), true)
    assert.equal(await passwords.verify(`${longest}x`, hash), false)
  })
})

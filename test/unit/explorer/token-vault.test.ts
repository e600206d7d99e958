import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTokenVault } from '../../../src/explorer/token-vault.ts'

describe('the token vault', () => {
  const vault = createTokenVault(Buffer.alloc(32, 1))
  it('opens what it sealed, and never seals the same way twice', () => {
    const sealed = vault.seal('id', 'a secret token')
    assert.equal(vault.open('id', sealed), 'a secret token')
    assert.notDeepEqual(vault.seal('id', 'a secret token'), sealed)
    assert.ok(!Buffer.from(sealed).includes('secret'))
  })
  it('opens nothing that was changed, moved to another network, cut, or sealed with another key', () => {
    const sealed = Buffer.from(vault.seal('id', 'a secret token'))
    const other = createTokenVault(Buffer.alloc(32, 2))
    assert.notEqual(other.fingerprint, vault.fingerprint)
    for (const at of [0, 1, 15, sealed.length - 1]) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8((changed[at] ?? 0) ^ 1, at)
      assert.throws(() => vault.open('id', changed), { code: 'config.invalid' }, String(at))
    }
    assert.throws(() => vault.open('other', sealed), { code: 'config.invalid' })
    assert.throws(() => vault.open('id', sealed.subarray(0, 20)), { code: 'config.invalid' })
    assert.throws(() => other.open('id', sealed), { code: 'config.invalid' })
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createKeyRing, createRendezvousRing } from '../../../../src/p2p/admission/create-key-ring.ts'
import { generateToken } from '../../../../src/p2p/token/generate-token.ts'
import { formatToken, parseToken } from '../../../../src/p2p/token/parse-token.ts'
import { deriveViewKeys, summaryKey, viewIdOf } from '../../../../src/p2p/view/derive-view.ts'
import {
  formatViewCapability,
  parseViewCapability,
  type ViewCapability,
} from '../../../../src/p2p/view/view-capability.ts'

const TAG = '_la-0123456789ab._udp.local'

function capability(addresses: readonly string[] = []): ViewCapability {
  return { ...deriveViewKeys(generateToken()), mdnsTag: TAG, addresses }
}

describe('the view capability', () => {
  it('is the same from the token as from its text, and another for each network', () => {
    const token = generateToken()
    const keys = deriveViewKeys(token)
    assert.deepEqual(deriveViewKeys(parseToken(formatToken(token))), keys)
    assert.notDeepEqual(deriveViewKeys(generateToken()).secret, keys.secret)
    assert.match(viewIdOf(keys), /^[0-9a-f]{32}$/)
    assert.notEqual(viewIdOf(keys), viewIdOf(deriveViewKeys(generateToken())))
  })

  it('changes with every secret of the token', () => {
    const token = generateToken()
    const other = generateToken()
    const keys = deriveViewKeys(token)
    for (const change of [
      { crypto: { ...token.crypto, key: other.crypto.key } },
      { dht: { ...token.dht, key: other.dht.key } },
      { room: other.room },
      { rendezvous: other.rendezvous },
      { mdns: other.mdns },
    ]) {
      const changed = deriveViewKeys({ ...token, ...change })
      assert.notDeepEqual(changed.secret, keys.secret)
      assert.notDeepEqual(changed.publicKey, keys.publicKey)
    }
  })

  it('holds no key that admits, that finds, or that signs', () => {
    const token = generateToken()
    const text = formatViewCapability({ ...deriveViewKeys(token), mdnsTag: TAG, addresses: [] })
    const bytes = Buffer.from(text.slice('local-ai-view-'.length), 'base64url').toString('hex')
    const [admission, rendezvous] = [createKeyRing(Date, token), createRendezvousRing(Date, token)]
    const seed = summaryKey(token).export({ format: 'der', type: 'pkcs8' }).subarray(16)
    const secrets = [
      admission.key(admission.step(), 'admission'),
      rendezvous.key(rendezvous.step(), 'rendezvous'),
      admission.key(0, 'mdns'),
      seed,
      ...[token.crypto.key, token.dht.key, token.room, token.rendezvous, token.mdns].map((key) => Buffer.from(key)),
    ]
    for (const secret of secrets) assert.ok(!bytes.includes(secret.toString('hex')))
  })

  it('survives its text form', () => {
    const made = capability(['/ip4/192.0.2.7/tcp/7946', '/dns/example.test/tcp/443'])
    const text = formatViewCapability(made)
    assert.match(text, /^local-ai-view-[\w-]+$/)
    assert.deepEqual(parseViewCapability(` ${text}\n`), made)
  })

  it('refuses what was cut off, changed, lengthened or made up, in words that repeat none of it', () => {
    const text = formatViewCapability(capability(['/ip4/192.0.2.7/tcp/7946']))
    const at = text.length - 20
    for (const wrong of [
      text.slice(0, -3),
      `${text}AAAA`,
      text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1),
      'local-ai-view-',
      'local-ai-view-AAAA',
      `local-ai-view-${'A'.repeat(5000)}`,
      text.slice('local-ai-view-'.length),
      '',
    ]) {
      assert.throws(
        () => parseViewCapability(wrong),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'token.invalid')
          assert.ok(wrong.length < 20 || !error.message.includes(wrong.slice(14, 30)))
          return true
        },
      )
    }
  })

  it('leaves out addresses that have no place in it', () => {
    const many = Array.from({ length: 9 }, (_, index) => `/ip4/192.0.2.${index}/tcp/1`)
    const text = formatViewCapability(capability(['no address', `/dns/${'x'.repeat(300)}/tcp/1`, ...many]))
    assert.deepEqual(parseViewCapability(text).addresses, many.slice(0, 4))
  })
})

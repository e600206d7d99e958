import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { RecordEnvelope } from '@libp2p/peer-record'
import { MAX_ENVELOPE_BYTES, openRecord, recordId, sealRecord } from '../../../../src/p2p/membership/record-codec.ts'
import { newKey, OFFER, recordOf } from './records.ts'

interface Sealing {
  readonly domain?: string
  readonly type?: string
}

/** An envelope with a payload of any kind. */
async function sealed(payload: unknown, key: PrivateKey, { domain, type }: Sealing = {}): Promise<Uint8Array> {
  const bytes = Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))
  const record = {
    domain: domain ?? 'local-ai-node-record',
    codec: Buffer.from(type ?? '/local-ai/node-record/1'),
    marshal: () => bytes,
    equals: () => false,
  }
  return (await RecordEnvelope.seal(record, key)).marshal()
}

async function refusal(bytes: Uint8Array): Promise<string | undefined> {
  const opened = await openRecord(bytes)
  return 'refused' in opened ? opened.refused : undefined
}

describe('a signed record', () => {
  it('comes out as it went in, with the same bytes and id', async () => {
    const { key, peerId } = await newKey()
    const record = recordOf(peerId, { name: 'Küche 1', sequence: 7 })
    const signed = await sealRecord(record, key)
    const opened = await openRecord(signed.bytes)
    assert.deepEqual(opened, { signed })
    assert.deepEqual('signed' in opened && opened.signed.record, record)
    assert.equal(signed.id, recordId(signed.bytes))
  })

  it('may have fields of a newer version, which are dropped here', async () => {
    const { key, peerId } = await newKey()
    const record = recordOf(peerId)
    const newer = {
      ...record,
      mood: 'good',
      offer: { ...OFFER, colour: 1, models: [{ ...OFFER.models[0], taste: 2 }] },
    }
    const opened = await openRecord(await sealed(newer, key))
    assert.deepEqual('signed' in opened && opened.signed.record, record)
  })

  it('is refused when a byte was changed, anywhere', async () => {
    const { key, peerId } = await newKey()
    const { bytes, record } = await sealRecord(recordOf(peerId), key)
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = Uint8Array.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      const opened = await openRecord(changed)
      if ('signed' in opened) assert.deepEqual(opened.signed.record, record, `byte ${at}`)
    }
    assert.equal((await refusal(bytes.subarray(0, bytes.length - 1))) !== undefined, true)
  })

  it('speaks for its signer only', async () => {
    const [one, other] = [await newKey(), await newKey()]
    assert.match((await refusal(await sealed(recordOf(one.peerId), other.key))) ?? '', /did not sign/)
  })

  it('is refused when the signature was made for something else', async () => {
    const { key, peerId } = await newKey()
    assert.match(
      (await refusal(await sealed(recordOf(peerId), key, { domain: 'libp2p-peer-record' }))) ?? '',
      /signature/,
    )
    assert.match((await refusal(await sealed(recordOf(peerId), key, { type: '/other' }))) ?? '', /no node record/)
  })

  it('is refused with a key of another kind', async () => {
    const key = await generateKeyPair('secp256k1')
    const record = recordOf(peerIdFromPrivateKey(key).toString())
    assert.match((await refusal(await sealed(record, key))) ?? '', /kind/)
  })

  it('is refused when it is too large, before anything is read of it', async () => {
    assert.match((await refusal(new Uint8Array(MAX_ENVELOPE_BYTES + 1))) ?? '', /too large/)
    const { key, peerId } = await newKey()
    const large = { ...recordOf(peerId), filler: 'x'.repeat(65_400) }
    assert.match((await refusal(await sealed(large, key))) ?? '', /bounds|too large/)
  })

  it('is refused when its content is not what it should be', async () => {
    const { key, peerId } = await newKey()
    const good = recordOf(peerId)
    const model = OFFER.models[0]
    const bad: Record<string, unknown> = {
      'not JSON': '{',
      'not UTF-8': Buffer.from([0xff, 0xfe]).toString('latin1'),
      null: null,
      'a list': [good],
      'deep nesting': '['.repeat(30_000),
      'a name with a line break': { ...good, name: 'a\nb' },
      'a name that turns the text': { ...good, name: 'a\u202eb' },
      'an escape sequence in a model name': { ...good, offer: { ...OFFER, models: [{ ...model, name: '\u001b[2J' }] } },
      'no name': { ...good, name: '' },
      'a long name': { ...good, name: 'x'.repeat(257) },
      'a negative sequence': { ...good, sequence: -1 },
      'a fraction': { ...good, incarnation: 1.5 },
      'a huge number': { ...good, incarnation: 1e300 },
      'too many models': {
        ...good,
        offer: {
          ...OFFER,
          models: Array.from({ length: 513 }, () => ({ name: 'm', loaded: false, capabilities: [] })),
        },
      },
      'too many addresses': { ...good, addresses: Array.from({ length: 17 }, () => '/ip4/1.2.3.4/tcp/1') },
      'a hash that is none': { ...good, offer: { ...OFFER, models: [{ ...model, fileHash: 'abc' }] } },
      'a negative speed': { ...good, offer: { ...OFFER, models: [{ ...model, generationTokensPerSecond: -1 }] } },
    }
    for (const [what, payload] of Object.entries(bad)) {
      assert.match((await refusal(await sealed(payload, key))) ?? 'accepted', /malformed/, what)
    }
  })

  it('never throws, whatever the bytes', async () => {
    const { key, peerId } = await newKey()
    const { bytes } = await sealRecord(recordOf(peerId), key)
    for (const junk of [new Uint8Array(0), Buffer.alloc(500, 0xff), bytes.subarray(0, 40), bytes.subarray(10)]) {
      assert.equal(typeof (await refusal(junk)), 'string')
    }
    assert.equal(await refusal(bytes), undefined)
  })
})

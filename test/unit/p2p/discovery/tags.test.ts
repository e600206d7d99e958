import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createKeyRing, createRendezvousRing } from '../../../../src/p2p/admission/create-key-ring.ts'
import { mdnsServiceTag } from '../../../../src/p2p/discovery/mdns.ts'
import { lookUpSteps, rendezvousCid } from '../../../../src/p2p/discovery/rendezvous.ts'
import { testToken } from '../../../support/p2p/hosts.ts'

describe('the mDNS service tag', () => {
  const tag = (word: string, now = 0) => mdnsServiceTag(createKeyRing({ now: () => now }, testToken(word)))
  it('is the same for all members at all times, and another for each network', () => {
    assert.equal(tag('one'), tag('one', 1e12))
    assert.notEqual(tag('one'), tag('two'))
  })
  it('is a service name of RFC 6763, and shows nothing of the token', () => {
    assert.match(tag('one'), /^_[a-z0-9-]{1,15}\._udp\.local$/)
    assert.ok(!tag('one').includes(testToken('one').mdns.slice(0, 6)))
  })
})

describe('the rendezvous', () => {
  const ring = (word: string) => createRendezvousRing({ now: () => 0 }, testToken(word))
  it('changes with the step and the network', () => {
    const all = [rendezvousCid(ring('one'), 1), rendezvousCid(ring('one'), 2), rendezvousCid(ring('two'), 1)].map(
      String,
    )
    assert.equal(new Set(all).size, 3)
    assert.equal(String(rendezvousCid(ring('one'), 1)), all[0])
  })
  it('is looked for in this step and the one before, and near its end in the next', () => {
    assert.deepEqual(lookUpSteps(5, 0), [5, 4])
    assert.deepEqual(lookUpSteps(5, 0.89), [5, 4])
    assert.deepEqual(lookUpSteps(5, 0.95), [5, 4, 6])
  })
})

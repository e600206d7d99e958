import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { multiaddr } from '@multiformats/multiaddr'
import { NO_ROSTER } from '../../../../src/p2p/roster/create-roster-keeper.ts'
import type { Exclusion } from '../../../../src/p2p/roster/roster.ts'
import { startNode, until } from '../../../support/p2p/hosts.ts'
import { startBareMember, startPuppet } from './members.ts'

/** What the owner says, in the hands of a test. */
function changingRoster() {
  const listeners = new Set<() => void>()
  let excluded: string | undefined
  return {
    ...NO_ROSTER,
    exclusionOf: (peerId: string): Exclusion | undefined => (peerId === excluded ? 'removed' : undefined),
    onChange(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    exclude(peerId: string): void {
      excluded = peerId
      for (const listener of listeners) listener()
    },
  }
}

describe('a node that its owner does not want', () => {
  it('is cut off when its connection opens after the owner has spoken, whatever was known at the handshake', async () => {
    const roster = changingRoster()
    // This host lets in whoever has the token, as one does that hears the owner a moment after the handshake.
    await using one = await startBareMember({ roster })
    await using other = await startNode({ word: 'members', dht: false })
    roster.exclude(other.host.peerId)
    await other.host.libp2p.dial(multiaddr(one.host.addresses()[0] ?? ''))
    await until(() => other.host.libp2p.getConnections().length === 0)
    assert.equal(one.host.libp2p.getConnections().length, 0)
  })

  it('is cut off when the owner spoke before this node listened to it', async () => {
    const roster = changingRoster()
    await using other = await startNode({ word: 'members', dht: false })
    await using one = await startBareMember({ roster })
    await other.host.libp2p.dial(multiaddr(one.host.addresses()[0] ?? ''))
    await one.membership.stop()
    roster.exclude(other.host.peerId)
    assert.equal(one.host.libp2p.getConnections().length, 1)
    await one.membership.start()
    await until(() => one.host.libp2p.getConnections().length === 0)
  })
})

describe('a node that could not write down who may be here', () => {
  it('tries again while it is a member', async () => {
    let tries = 0
    const roster = {
      ...NO_ROSTER,
      async keep() {
        tries += 1
      },
    }
    await using _one = await startBareMember({ roster, timings: { antiEntropyMs: 10 } })
    await until(() => tries > 1)
  })
})

describe('a member that tells rosters without end', () => {
  it('is listened to for a while, and another link of its own does not help it', async () => {
    let taken = 0
    const roster: typeof NO_ROSTER = {
      ...NO_ROSTER,
      async take() {
        taken += 1
        return 'older'
      },
    }
    await using one = await startBareMember({ roster })
    await using puppet = await startPuppet(one)
    const isClosed = async (): Promise<void> => void (await until(() => puppet.stream.status !== 'open'))
    const flood = (): void => {
      for (let count = 0; count < 400; count += 1) puppet.send({ type: 'roster', bytes: Buffer.of(count & 0xff) })
    }
    await puppet.introduce()
    flood()
    await isClosed()
    assert.ok(taken >= 256 && taken < 300, `${taken} were looked at`)
    await puppet.moveOn()
    await puppet.introduce()
    flood()
    await isClosed()
    assert.ok(taken < 320, `${taken} were looked at`)
    assert.ok(one.warnings.some(({ facts }) => facts['reason'] === 'it tells more rosters than an owner makes'))
  })
})

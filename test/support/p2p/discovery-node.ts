import { createBootstrap } from '../../../src/p2p/discovery/bootstrap.ts'
import { createMdns } from '../../../src/p2p/discovery/mdns.ts'
import { createRendezvous } from '../../../src/p2p/discovery/rendezvous.ts'
import { silentLog, startNode } from './hosts.ts'
import type { DiscoveryEvent, DiscoveryNodeInit } from './node-process.ts'

/**
 * A node of its own process, for the tests that put each on a machine of its own: looks for others as its first argument
 * says, tells what it sees in lines of JSON, and ends with its standard input.
 */
const init = JSON.parse(process.argv[2] ?? '{}') as DiscoveryNodeInit
const node = await startNode({
  word: init.word,
  listen: [`/ip4/0.0.0.0/tcp/${init.port ?? 0}`],
  relay: init.relay ?? 'auto',
})
const { host, dialler, keyRing, rendezvousRing } = node
const onCandidate = dialler.offer
const start = performance.now()

function tell(event: DiscoveryEvent): void {
  process.stdout.write(`${JSON.stringify(event)}\n`)
}

host.libp2p.addEventListener('connection:open', ({ detail }) => {
  const ms = Math.round(performance.now() - start)
  tell({ event: 'connected', peerId: detail.remotePeer.toString(), direct: detail.direct, ms })
})
tell({ event: 'started', peerId: host.peerId, addresses: host.addresses() })
if (init.mdns === true) await node.with(createMdns({ log: silentLog, host, keyRing, onCandidate }))
if (init.bootstrap !== undefined) await node.with(createBootstrap({ log: silentLog, host, dialler }, init.bootstrap))
if (init.rendezvous === true) {
  await node.with(createRendezvous({ log: silentLog, host, keyRing: rendezvousRing, onCandidate }))
}
process.stdin.resume().once('end', async () => {
  tell({ event: 'stopping', findings: host.findings.list() })
  await node.stop()
})

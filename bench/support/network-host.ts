// A process that holds some networks of a scale run, and does what its parent says over IPC. Times are microseconds of the
// monotonic clock that all processes of a machine share.
import type { Network } from '../../src/p2p/network.ts'
import { contactOf, createBenchNetwork, offerOf } from './bench-network.ts'

export type HostOrder =
  | { readonly do: 'start'; readonly name: string; readonly token: string; readonly bootstrap: readonly string[] }
  | { readonly do: 'advertise'; readonly name: string; readonly model: string }
  | { readonly do: 'sample'; readonly number: number }
  | { readonly do: 'stop' }

export type HostReport =
  | { readonly event: 'ready'; readonly rss: number }
  | { readonly event: 'started'; readonly name: string; readonly contact: string; readonly at: number }
  /** The network has this many live links now; reported when it has more than ever before. */
  | { readonly event: 'linked'; readonly name: string; readonly peers: number; readonly at: number }
  | { readonly event: 'advertised'; readonly model: string; readonly at: number }
  | { readonly event: 'heard'; readonly name: string; readonly model: string; readonly at: number }
  | {
      readonly event: 'sample'
      readonly number: number
      readonly sent: number
      readonly received: number
      readonly rss: number
      readonly cpuUs: number
    }

const networks = new Map<string, Network>()

process.on('message', (order: HostOrder) => void obey(order))
globalThis.gc?.()
report({ event: 'ready', rss: process.memoryUsage.rss() })

async function obey(order: HostOrder): Promise<void> {
  if (order.do === 'start') return await start(order)
  if (order.do === 'advertise') {
    report({ event: 'advertised', model: order.model, at: now() })
    networks.get(order.name)?.advertise(offerOf(['model', order.model], 4))
    return
  }
  if (order.do === 'sample') {
    const statuses = [...networks.values()].map((network) => network.status())
    const { user, system } = process.cpuUsage()
    globalThis.gc?.()
    return report({
      event: 'sample',
      number: order.number,
      sent: statuses.reduce((total, status) => total + status.bytesSent, 0),
      received: statuses.reduce((total, status) => total + status.bytesReceived, 0),
      rss: process.memoryUsage.rss(),
      cpuUs: user + system,
    })
  }
  await Promise.all([...networks.values()].map((network) => network.stop()))
  process.disconnect()
}

async function start({ name, token, bootstrap }: Extract<HostOrder, { do: 'start' }>): Promise<void> {
  const network = await createBenchNetwork({ name, token, bootstrap })
  networks.set(name, network)
  network.advertise(offerOf(['model'], 4))
  network.reportLoad({ running: 0, queued: 0, memoryFreeBytes: 4e9 })
  let most = 0
  const heard = new Set<string>(['model'])
  network.onChange(() => {
    const at = now()
    const linked = network.peers().filter((peer) => peer.state === 'linked')
    if (linked.length > most) {
      most = linked.length
      report({ event: 'linked', name, peers: most, at })
    }
    for (const model of linked.flatMap((peer) => peer.record.offer.models)) {
      if (heard.has(model.name)) continue
      heard.add(model.name)
      report({ event: 'heard', name, model: model.name, at })
    }
  })
  await network.start()
  report({ event: 'started', name, contact: contactOf(network), at: now() })
}

function report(message: HostReport): void {
  process.send?.(message)
}

function now(): number {
  return Number(process.hrtime.bigint() / 1000n)
}

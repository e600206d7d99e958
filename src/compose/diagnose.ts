import { AppError } from '../base/errors.ts'
import { LONGEST_TIMER_MS } from '../base/longest-timer.ts'
import { type AbortOptions, raceSignal } from '../base/signals.ts'
import type { doctorSettings } from '../config/network-settings.ts'
import type { Values } from '../config/setting.ts'
import type { Network, PeerView } from '../p2p/network.ts'
import type { Logger } from '../telemetry/logger.ts'
import { prepareVisitor } from './compose-member.ts'
import { version } from './version.ts'

export type DoctorSettings = Values<typeof doctorSettings>

/** One thing that was looked at, and what came of it, in words for a person. */
export interface Check {
  readonly what: string
  readonly state: 'ok' | 'note' | 'problem'
  readonly message: string
}

/**
 * Joins the network for a moment, as a visitor that serves nobody, and says what worked and what did not. Ends as soon as
 * a member is linked, at the latest after `settings.timeoutMs`.
 */
export async function diagnose(
  settings: DoctorSettings,
  { log }: { readonly log: Logger },
  options: AbortOptions = {},
): Promise<readonly Check[]> {
  const checks: Check[] = []
  try {
    const { network, networkId } = await prepareVisitor({ log }, settings, options)
    checks.push({ what: 'token', state: 'ok', message: `sound; it opens network ${networkId}` })
    try {
      await network.start(options)
      await firstLink(network, { ...options, timeoutMs: settings.timeoutMs })
      checks.push(...toChecks(network, settings))
    } finally {
      await network.stop()
    }
  } catch (error) {
    options.signal?.throwIfAborted()
    checks.push(toProblem(error))
  }
  return checks
}

/** This look is made under a key of its own, which nobody has admitted. */
const NOT_ADMITTED: Check = {
  what: 'admission',
  state: 'note',
  message:
    'a member answered: token and clocks are right. The network lets in only nodes that its owner has admitted, so this look ends here; ' +
    'whether this machine was, its own node says: local-ai p2p status',
}

function toProblem(error: unknown): Check {
  const { code, message } = AppError.from(error, 'internal')
  return { what: code === 'token.invalid' ? 'token' : 'start', state: 'problem', message }
}

function toChecks(network: Network, settings: DoctorSettings): Check[] {
  const { addresses, findings } = network.status()
  const peers = network.peers().filter(({ state }) => state === 'linked')
  const listening: Check =
    addresses.length > 0
      ? { what: 'addresses', state: 'ok', message: addresses.join(' ') }
      : { what: 'addresses', state: 'problem', message: 'this machine has no address where others could call it' }
  const isLinked = peers.length > 0
  const problems = findings.map(({ problem, message }): Check => {
    if (problem === 'not-admitted') return NOT_ADMITTED
    return { what: problem, state: isLinked ? 'note' : 'problem', message }
  })
  return [
    listening,
    ...problems,
    ...peers.flatMap(toPeerChecks),
    ...(isLinked || problems.includes(NOT_ADMITTED) ? [] : [nobody(findings.length, settings)]),
  ]
}

function toPeerChecks({ record, path, roundTripMs }: PeerView): Check[] {
  const { name, offer } = record
  const time = roundTripMs === undefined ? '' : `, ${roundTripMs.toFixed(1)} ms`
  const linked: Check = { what: 'member', state: 'ok', message: `${name} is linked (${path}${time}), ${offer.version}` }
  if (offer.version === version()) return [linked]
  const message = `${name} runs ${offer.version}, this is ${version()}: update the older one when something does not work`
  return [linked, { what: 'version', state: 'note', message }]
}

function nobody(findings: number, { timeoutMs, p2pBootstrap, p2pMdns }: DoctorSettings): Check {
  const seconds = Math.round(timeoutMs / 1000)
  if (findings > 0) {
    return { what: 'members', state: 'problem', message: `nobody was linked in ${seconds} s; the lines above say why` }
  }
  const advice =
    p2pBootstrap.length > 0
      ? 'is a node running there, with the same token, and does the firewall let its port through?'
      : `${p2pMdns ? 'multicast DNS found nobody on this network' : 'multicast DNS is off'}: start another node with this token, or name one with --p2p-bootstrap HOST:PORT (local-ai p2p status shows a node's addresses)`
  return { what: 'members', state: 'problem', message: `nobody answered in ${seconds} s: ${advice}` }
}

const LOOK_EVERY_MS = 200

/** Resolves when a member is linked, or says that this look goes no further; at the latest after `timeoutMs`. */
async function firstLink(
  network: Network,
  { signal, timeoutMs }: AbortOptions & { readonly timeoutMs: number },
): Promise<void> {
  const linked = Promise.withResolvers<void>()
  const look = (): void => {
    const isLinked = network.peers().some((peer) => peer.state === 'linked' && peer.roundTripMs !== undefined)
    if (isLinked || network.status().findings.some(({ problem }) => problem === 'not-admitted')) linked.resolve()
  }
  const endWatch = network.onChange(look)
  const timer = setTimeout(linked.resolve, Math.min(timeoutMs, LONGEST_TIMER_MS))
  // A refusal changes nothing in the list of peers.
  const looking = setInterval(look, LOOK_EVERY_MS)
  try {
    look()
    await raceSignal(linked.promise, signal)
  } finally {
    endWatch()
    clearTimeout(timer)
    clearInterval(looking)
  }
}

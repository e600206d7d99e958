import { AppError } from '../base/errors.ts'
import { timeLeftMs } from '../base/time-left.ts'
import { hostOf, netOf } from './host/host-addresses.ts'
import type { JoinFinding, JoinProblem } from './network.ts'

export type Diagnosis = Omit<JoinFinding, 'at'>

/**
 * What went wrong in the last ten minutes while joining, newest first. The address of a node that has dialled this one is
 * its host alone (`/ip4/192.0.2.1`), since its port says nothing.
 */
export interface Findings {
  /** Files a failed dial or a failed handshake; errors that say nothing about the network are left out. */
  report(error: unknown, address?: string): void
  add(diagnosis: Diagnosis): void
  /** The address works now: what was found there is history. */
  settle(address: string): void
  list(): readonly JoinFinding[]
}

export interface FindingsDeps {
  /** Unix milliseconds. */
  readonly now?: () => number
}

/** A vague failure of the same dial must not hide what the handshake itself has said about it. */
const SAME_DIAL_MS = 15_000
const EXPIRES_MS = 10 * 60_000
/** Of those who dial this node, so that one of them cannot push out what else was found. */
const MAX_PER_CALLER = 4

export function createFindings({ now = Date.now }: FindingsDeps, { limit = 32 } = {}): Findings {
  let newestFirst: JoinFinding[] = []
  function add(diagnosis: Diagnosis): void {
    const others = newestFirst.filter((one) => one.problem !== diagnosis.problem || one.address !== diagnosis.address)
    newestFirst = bounded([{ ...diagnosis, at: now() }, ...others]).slice(0, limit)
  }
  function bounded(found: readonly JoinFinding[]): JoinFinding[] {
    const counts = new Map<string, number>()
    return found.filter(({ at, address }) => {
      if (timeLeftMs(at + EXPIRES_MS, now(), EXPIRES_MS) === 0) return false
      const caller = callerOf(address)
      if (caller === undefined) return true
      const count = (counts.get(netOf(caller)) ?? 0) + 1
      counts.set(netOf(caller), count)
      return count <= MAX_PER_CALLER
    })
  }
  function isExplained(error: unknown, address: string | undefined): boolean {
    return (
      nameOf(error) === 'EncryptionFailedError' &&
      newestFirst.some((one) => one.address === address && timeLeftMs(one.at + SAME_DIAL_MS, now(), SAME_DIAL_MS) > 0)
    )
  }
  return {
    report(error, address) {
      const diagnosis = diagnose(error, address)
      if (diagnosis !== undefined && !isExplained(error, address)) add(diagnosis)
    },
    add,
    settle(address) {
      newestFirst = newestFirst.filter((one) => one.address !== address)
    },
    list() {
      newestFirst = bounded(newestFirst)
      return newestFirst
    },
  }
}

/** Says what an error of a dial, a listen or a handshake means for a person; undefined when it is none of those. */
export function diagnose(error: unknown, address?: string): Diagnosis | undefined {
  const problem = problemOf(error)
  if (problem === undefined) return undefined
  const caller = callerOf(address)
  const place = caller === undefined ? (address ?? 'the other node') : `a connection from ${caller}`
  const isTelling = error instanceof AppError && TELLING.has(problem)
  const says = () => (caller === undefined ? sentence(problem, place, codeOf(error)) : sentenceOnCaller(problem, place))
  const message = isTelling ? `${place}: ${error.message}` : says()
  return { problem, message, ...(address === undefined ? {} : { address }) }
}

/** `details.reason` of `admission.refused`. Where another member answers than the one expected there is no problem. */
const REFUSALS: Readonly<Record<string, JoinProblem>> = {
  token: 'token-differs',
  removed: 'removed',
  'not-admitted': 'not-admitted',
  version: 'version-differs',
  handshake: 'not-local-ai',
  malformed: 'not-local-ai',
  timeout: 'not-local-ai',
  closed: 'not-local-ai',
}

/** How far a clock is off, which version is the older, and who is to be admitted: only the error knows. */
const TELLING: ReadonlySet<JoinProblem> = new Set(['clock-differs', 'version-differs', 'removed', 'not-admitted'])

const SYSTEM_CODES: Readonly<Record<string, JoinProblem>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  EHOSTDOWN: 'unreachable',
  ENETUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  ETIMEDOUT: 'unreachable',
  ENOTFOUND: 'unreachable',
  EAI_AGAIN: 'unreachable',
  EADDRINUSE: 'port-in-use',
  ECONNRESET: 'not-local-ai',
  EPIPE: 'not-local-ai',
}

/** By the `name` of the library's errors: several copies of a package may be loaded, so classes do not tell. */
const LIBRARY_NAMES: Readonly<Record<string, JoinProblem>> = {
  TimeoutError: 'unreachable',
  AbortError: 'unreachable',
  EncryptionFailedError: 'not-local-ai',
  UnexpectedEOFError: 'not-local-ai',
  StreamClosedError: 'not-local-ai',
  MuxerUnavailableError: 'version-differs',
  UnsupportedProtocolError: 'version-differs',
  NoValidAddressesError: 'no-address',
  UnsupportedListenAddressesError: 'no-address',
}

function problemOf(error: unknown): JoinProblem | undefined {
  if (error instanceof AppError) {
    if (error.code === 'admission.clock-skew') return 'clock-differs'
    return error.code === 'admission.refused' ? REFUSALS[String(error.details['reason'])] : undefined
  }
  const text = error instanceof Error ? error.message : ''
  if (text.includes('failed to connect via relay')) return 'relay-needed'
  if (text.includes('EADDRINUSE')) return 'port-in-use'
  const code = codeOf(error)
  if (code !== undefined && SYSTEM_CODES[code] !== undefined) return SYSTEM_CODES[code]
  return LIBRARY_NAMES[nameOf(error)]
}

function sentence(problem: JoinProblem, place: string, code: string | undefined): string {
  switch (problem) {
    case 'refused':
      return `${place} refused the connection: start the node there, and check the port`
    case 'unreachable':
      return code === 'ENOTFOUND' || code === 'EAI_AGAIN'
        ? `the name in ${place} has no address: check its spelling, or give the IP address`
        : `${place} did not answer: check the address, the firewall and whether both are on one network`
    case 'port-in-use':
      return `the port of ${place} is taken by another program: choose another with --p2p-listen`
    case 'not-local-ai':
      return `${place} is no local-ai node, or one of a version that this one cannot talk to: check the port and both versions`
    case 'version-differs':
      return `${place} runs a version that this one cannot talk to: install the same version on both`
    case 'no-address':
      return `${place} has no address that can be dialled from here: give one with --p2p-announce on that node`
    case 'relay-needed':
      return `${place} can be reached through a relay only, and no relay knows it: add a node that both can reach`
    case 'token-differs':
      return `${place} has another token: start both nodes with the same one`
    case 'removed':
      return `${place} says that this node was removed from the network by its owner`
    case 'not-admitted':
      return `${place} says that this node has to be admitted by the owner of the network: local-ai p2p admit`
    case 'clock-differs':
      return `the clocks of this node and ${place} differ too much: set both by NTP`
  }
}

function sentenceOnCaller(problem: JoinProblem, connection: string): string {
  switch (problem) {
    case 'not-local-ai':
      return `${connection} came from no local-ai node, or from one of a version that this one cannot talk to: check what runs there`
    case 'version-differs':
      return `${connection} came from a version that this one cannot talk to: install the same version on both`
    case 'token-differs':
      return `${connection} came with another token: start both nodes with the same one`
    case 'clock-differs':
      return `${connection} came with a clock that differs too much: set both by NTP`
    default:
      return `${connection} fell silent: check the network between both`
  }
}

/** The host of a node that has dialled this one. */
function callerOf(address: string | undefined): string | undefined {
  return address !== undefined && /^(\/ip6zone\/[^/]+)?\/ip[46]\/[^/]+$/.test(address) ? hostOf(address) : undefined
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

import { AppError } from '../../../base/errors.ts'
import { isObject } from '../../../base/json.ts'

/** A member as `/api/p2p/status` tells of it. Older and newer nodes may leave fields out. */
export interface ShownPeer {
  readonly name: string
  readonly peerID: string
  readonly version: string
  readonly state: string
  /** Finishes what it does, takes nothing new. */
  readonly draining: boolean
  readonly path: string
  readonly roundTripMs: number | undefined
  readonly models: readonly string[]
  readonly running: number
  readonly queued: number
  readonly slots: number
}

export function toShownPeers(answer: unknown): readonly ShownPeer[] {
  const members = isObject(answer) && Array.isArray(answer['members']) ? answer['members'] : []
  const others = members.filter(isObject).filter((member) => member['state'] !== 'self')
  return others.map((node) => ({
    name: text(node['name']),
    peerID: text(node['peerID']),
    version: text(node['version']),
    state: text(node['state']),
    draining: node['draining'] === true,
    path: text(node['path']),
    roundTripMs: typeof node['roundTripMs'] === 'number' ? node['roundTripMs'] : undefined,
    models: namesOf(node['models']),
    running: count(node['running']),
    queued: count(node['queued']),
    slots: count(node['slots']),
  }))
}

export interface ShownStatus {
  readonly name: string
  readonly peerId: string
  readonly networkId: string
  readonly linked: number
  readonly addresses: readonly string[]
  readonly findings: readonly { readonly problem: string; readonly message: string }[]
}

/** Undefined when the node has joined no network. */
export function toShownStatus(answer: unknown): ShownStatus | undefined {
  if (!isObject(answer) || typeof answer['peerId'] !== 'string') return undefined
  const findings = Array.isArray(answer['findings']) ? answer['findings'].filter(isObject) : []
  return {
    name: text(answer['name']),
    peerId: answer['peerId'],
    networkId: text(answer['networkId']),
    linked: count(answer['linked']),
    addresses: texts(answer['addresses']),
    findings: findings.map(({ problem, message }) => ({ problem: text(problem), message: text(message) })),
  }
}

export interface ShownDrain {
  readonly draining: boolean
  readonly running: number
}

/** Throws `request.invalid` for the answer of something else: who asked must not believe that it was done. */
export function toShownDrain(answer: unknown): ShownDrain {
  const { draining, running } = isObject(answer) ? answer : {}
  if (typeof draining !== 'boolean' || typeof running !== 'number') throw notOurs()
  return { draining, running }
}

export function notOurs(): AppError {
  return new AppError('request.invalid', 'the node did not answer as one of ours does')
}

/** Models come as names or as objects with a name. */
function namesOf(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return []
  return value
    .map((model: unknown) => (isObject(model) ? text(model['name']) : text(model)))
    .filter((name) => name !== '')
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(text) : []
}

/** What a terminal may show: a peer chose these words. Neither control characters nor marks that turn the line around. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value.replace(/[\p{Cc}\p{Bidi_Control}]/gu, '') : ''
}

function count(value: unknown): number {
  return typeof value === 'number' ? value : 0
}

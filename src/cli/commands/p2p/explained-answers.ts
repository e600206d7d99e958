import { isObject } from '../../../base/json.ts'
import { text } from './network-answers.ts'

/** A request as `/api/federation/requests` tells of it. Older and newer nodes may leave fields out. */
export interface ShownRequest {
  readonly id: string
  readonly startedAt: string
  readonly state: string
  readonly path: string
  readonly model: string
  readonly policy: string
  readonly to: string
  readonly node: string
  readonly outcome: string
  readonly code: string
  readonly status: number | undefined
  readonly tries: number
  readonly hedges: number
  readonly seams: number
  readonly queuedMs: number
  readonly firstBytesMs: number | undefined
  readonly totalMs: number | undefined
  readonly tokens: number | undefined
  readonly tokensPerSecond: number | undefined
}

export interface ShownExplanation extends ShownRequest {
  readonly decisions: readonly ShownDecision[]
  readonly timeline: readonly ShownStep[]
}

export interface ShownDecision {
  readonly atMs: number
  readonly policy: string
  readonly looks: number
  readonly waitedMs: number
  readonly candidates: readonly ShownCandidate[]
  readonly others: number
}

export interface ShownCandidate {
  readonly name: string
  readonly local: boolean
  readonly busy: number
  readonly slots: number
  readonly loaded: boolean
  readonly roundTripMs: number | undefined
  /** 0 to 1. */
  readonly prefixShare: number | undefined
  /** The server behind the node that has the model; empty: the node runs it itself. */
  readonly upstream: string
  readonly ejected: boolean
  readonly share: number
  readonly score: number | undefined
}

/** `try`: to `to`. `hedge`: to `to`, after `ms`. `seam`: from `from` to `to`, after a pause of `ms`. */
export interface ShownStep {
  readonly type: string
  readonly atMs: number
  readonly from: string
  readonly to: string
  readonly ms: number
  /** The outcome of a try, the cause of a seam. */
  readonly word: string
  readonly tokens: number
  readonly code: string
}

export function readRequests(answer: unknown): readonly ShownRequest[] {
  return objects(isObject(answer) ? answer['requests'] : undefined).map(readRequest)
}

/** Undefined when it is none. */
export function readExplanation(answer: unknown): ShownExplanation | undefined {
  if (!isObject(answer) || typeof answer['id'] !== 'string') return undefined
  return {
    ...readRequest(answer),
    decisions: objects(answer['decisions']).map(readDecision),
    timeline: objects(answer['timeline']).map(readStep),
  }
}

type Fields = Readonly<Record<string, unknown>>

function readRequest(fields: Fields): ShownRequest {
  return {
    id: text(fields['id']),
    startedAt: text(fields['startedAt']),
    state: text(fields['state']),
    path: text(fields['path']),
    model: text(fields['model']),
    policy: text(fields['policy']),
    to: text(fields['to']),
    node: nameIn(fields['node']),
    outcome: text(fields['outcome']),
    code: text(fields['code']),
    status: number(fields['status']),
    tries: number(fields['tries']) ?? 0,
    hedges: number(fields['hedges']) ?? 0,
    seams: number(fields['seams']) ?? 0,
    queuedMs: number(fields['queuedMs']) ?? 0,
    firstBytesMs: number(fields['firstBytesMs']),
    totalMs: number(fields['totalMs']),
    tokens: number(fields['tokens']),
    tokensPerSecond: number(fields['tokensPerSecond']),
  }
}

function readDecision(fields: Fields): ShownDecision {
  return {
    atMs: number(fields['atMs']) ?? 0,
    policy: text(fields['policy']),
    looks: number(fields['looks']) ?? 1,
    waitedMs: number(fields['waitedMs']) ?? 0,
    others: number(fields['others']) ?? 0,
    candidates: objects(fields['candidates']).map((candidate) => ({
      name: text(candidate['name']),
      local: candidate['local'] === true,
      busy: number(candidate['busy']) ?? 0,
      slots: number(candidate['slots']) ?? 0,
      loaded: candidate['loaded'] === true,
      roundTripMs: number(candidate['roundTripMs']),
      prefixShare: number(candidate['prefixShare']),
      upstream: text(candidate['upstream']),
      ejected: candidate['ejected'] === true,
      share: number(candidate['share']) ?? 1,
      score: number(candidate['score']),
    })),
  }
}

function readStep(fields: Fields): ShownStep {
  return {
    type: text(fields['type']),
    atMs: number(fields['atMs']) ?? 0,
    from: nameIn(fields['from']),
    to: nameIn(fields['type'] === 'seam' ? fields['to'] : fields['node']),
    ms: number(fields['ms']) ?? number(fields['afterMs']) ?? number(fields['pauseMs']) ?? 0,
    word: text(fields['outcome'] ?? fields['cause']),
    tokens: number(fields['tokens']) ?? 0,
    code: text(fields['code']),
  }
}

function objects(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isObject) : []
}

function nameIn(node: unknown): string {
  return isObject(node) ? text(node['name']) : ''
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}

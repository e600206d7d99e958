import type { LiveNode } from '../../../src/api/ui/event-schema.ts'
import { formatBytes, formatCount } from '../format.ts'

export type NodeTone = 'self' | 'good' | 'entry' | 'warn' | 'gone'

/** How a node stands, in one word and one colour. */
export function standingOf(node: LiveNode): { readonly tone: NodeTone; readonly word: string } {
  if (node.state === 'silent') return { tone: 'gone', word: 'gone' }
  if (node.draining) return { tone: 'warn', word: 'draining' }
  if (node.state === 'self') return { tone: 'self', word: 'this node' }
  return node.serves ? { tone: 'good', word: 'linked' } : { tone: 'entry', word: 'linked' }
}

export function isThere(node: LiveNode): boolean {
  return node.state !== 'silent'
}

const SHORT_ROLES: Readonly<Record<string, string>> = { 'serves models': 'serves', 'lends memory': 'lends' }

/** What it does for others. */
export function rolesOf({ serves, lends, models }: LiveNode): readonly string[] {
  const roles = [...(serves ? ['serves models'] : []), ...(lends === undefined ? [] : ['lends memory'])]
  if (roles.length > 0) return roles
  return [models.length === 0 ? 'entry' : 'serves itself only']
}

/** The same for a list. */
export function rolesInShort(node: LiveNode): string {
  return rolesOf(node)
    .map((role) => SHORT_ROLES[role] ?? role)
    .join(', ')
}

export function linkOf({ state, path, roundTripMs }: LiveNode): string {
  if (state === 'self') return 'this node'
  if (state === 'silent') return 'not heard any more'
  const time = roundTripMs === null ? '' : `, ${formatRoundTrip(roundTripMs)}`
  return `${path === 'relayed' ? 'through another member' : 'direct'}${time}`
}

export function formatRoundTrip(ms: number): string {
  if (ms < 0.1) return '< 0.1 ms'
  return ms < 10 ? `${ms.toFixed(1)} ms` : `${Math.round(ms)} ms`
}

/** `2/4 +1`: what runs of what can run at the same time, and what waits; a dash where nothing is run for anybody. */
export function loadInShort({ running, slots, queued }: LiveNode): string {
  if (slots === 0) return '–'
  return queued > 0 ? `${running}/${slots} +${queued}` : `${running}/${slots}`
}

/** The same in words; of a node that answers nothing, what it lends. */
export function occupationOf({ running, slots, queued, lends }: LiveNode): string {
  if (slots > 0) {
    const waiting = queued > 0 ? `, ${queued} waiting` : ''
    return `${running} of ${formatCount(slots, 'answer')} at the same time${waiting}`
  }
  if (lends === undefined) return 'makes no answers for others'
  return `lends ${formatBytes(lends.memoryBytes)}, ${lends.busy ? 'in use' : 'free'}`
}

/** 0 to 1; what runs of what can run at the same time. */
export function loadOf({ running, slots }: LiveNode): number {
  return slots === 0 ? 0 : Math.min(1, running / slots)
}

/** This node first, then by name. */
export function inOrder(nodes: Iterable<LiveNode>): readonly LiveNode[] {
  return [...nodes].sort((left, right) => {
    if (left.state === 'self' || right.state === 'self') return left.state === 'self' ? -1 : 1
    return left.name.localeCompare(right.name) || (left.id < right.id ? -1 : 1)
  })
}

export function nodePath(id: string): string {
  return `/app/nodes/${encodeURIComponent(id)}`
}

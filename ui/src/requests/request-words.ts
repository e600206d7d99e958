import type { RequestSummary } from '../live.ts'

type Tone = 'good' | 'bad' | 'warn' | 'plain' | 'info'

const OUTCOMES: Readonly<Record<string, readonly [string, Tone]>> = {
  answered: ['answered', 'good'],
  refused: ['refused', 'warn'],
  lost: ['broke off', 'bad'],
  cancelled: ['cancelled', 'plain'],
  unrouted: ['nobody', 'bad'],
}

export function outcomeOf({ state, outcome }: Pick<RequestSummary, 'state' | 'outcome'>): readonly [string, Tone] {
  if (state === 'routing') return ['looking', 'info']
  if (outcome === undefined) return ['answering', 'info']
  return OUTCOMES[outcome] ?? [outcome, 'plain']
}

/** Why it is where it is, in one sentence. */
export function storyOf({ model, to, node, outcome, code, state }: RequestSummary): string {
  const what = model === undefined ? 'It named no model' : `It asked for ${model}`
  const reason = code === undefined ? '' : ` (${code})`
  if (to === undefined) return `${what}; it is still being decided who serves it.`
  if (to === 'nobody') return `${what}; nobody served it${reason}.`
  const where = to === 'local' ? 'this node served it' : `${node?.name ?? 'another node'} served it`
  if (outcome === 'lost') return `${what}; ${where}, and its answer broke off${reason}.`
  if (outcome === 'cancelled') return `${what}; ${where}, until the client left.`
  if (outcome === 'refused') return `${what}; ${where}, with a refusal.`
  return state === 'ended' ? `${what}; ${where}.` : `${what}; ${where}, and its answer goes on.`
}

/** What was more than asking one node. */
export function detoursOf({ tries, hedges, seams }: RequestSummary): string {
  const parts = [
    tries > 1 ? `${tries} tries` : '',
    hedges > 0 ? `${hedges} hedged` : '',
    seams > 0 ? `${seams} ${seams === 1 ? 'seam' : 'seams'}` : '',
  ]
  return parts.filter((part) => part !== '').join(', ')
}

export function requestPath({ id }: Pick<RequestSummary, 'id'>): string {
  return `/app/requests/${encodeURIComponent(id)}`
}

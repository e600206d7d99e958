import type { Logger } from '../../telemetry/logger.ts'
import type { StoryListener } from './create-explainer.ts'
import type { RequestStory } from './request-story.ts'
import { toSummary } from './to-explanation.ts'

/** A longer wait for a free node is worth a line. */
const LONG_WAIT_MS = 1000

/**
 * One line for each request: why it went where it went. Seldom more than the debug level shows, since how it ended has a line
 * already.
 */
export function logStories(log: Pick<Logger, 'info' | 'debug' | 'isLevelEnabled'>): StoryListener {
  return {
    ended(story) {
      const level = isNoteworthy(story) ? 'info' : 'debug'
      if (log.isLevelEnabled(level)) log[level](toLine(story), 'request routed')
    },
  }
}

function isNoteworthy({ tries, hedges, seams, routed }: RequestStory): boolean {
  return tries > 1 || hedges > 0 || seams > 0 || (routed?.queuedMs ?? 0) > LONG_WAIT_MS
}

function toLine(story: RequestStory) {
  const { id, model, policy, to, node, outcome, code, tries, hedges, seams, ...rest } = toSummary(story)
  const { queuedMs, firstBytesMs, totalMs, tokens } = rest
  const asked = story.timeline.flatMap((step) => (step.type === 'try' ? [`${step.node.name}: ${step.outcome}`] : []))
  return {
    ...{ id, model, policy, to, node: node?.name, outcome, code },
    ...(asked.length > 1 ? { asked } : {}),
    ...{ tries, hedges, seams, queuedMs, firstBytesMs, totalMs, tokens },
  }
}

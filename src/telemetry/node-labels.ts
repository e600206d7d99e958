/** More names than a network has members at a time; those that come later are counted together. */
const MAX_NODE_LABELS = 512

/** Members name themselves, and may do so anew every minute: the number of labels is bounded. */
export function createNodeLabels(): { labelOf(name: string): string } {
  const known = new Set<string>()
  return {
    labelOf(name) {
      if (known.size < MAX_NODE_LABELS) known.add(name)
      return known.has(name) ? name : 'other'
    },
  }
}

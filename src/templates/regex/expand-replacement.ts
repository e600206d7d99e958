import type { PatternMatch } from './pattern.ts'

const REFERENCE = /\$(?:\$|\{(\w+)\}|(\w+))/g

/** Go's Expand: the longest name counts (`$1x` is the group `1x`), and a group that is not there is nothing. */
export function expandReplacement(replacement: string, match: PatternMatch): string {
  return replacement.replace(REFERENCE, (all, braced: string | undefined, bare: string | undefined) => {
    const name = braced ?? bare
    if (name === undefined) return all === '$$' ? '$' : all
    if (!/^\d+$/.test(name)) return match.named[name] ?? ''
    return Number(name) === 0 ? match.text : (match.groups[Number(name) - 1] ?? '')
  })
}

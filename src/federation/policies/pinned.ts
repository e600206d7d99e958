import type { Choose } from './choose.ts'

/** Only the node of this name or peer id, `--target-worker`; among several of the same name, as `otherwise` says. */
export function pinned(target: string, otherwise: Choose): Choose {
  return (candidates, random) =>
    otherwise(
      candidates.filter(({ name, peerId }) => name === target || peerId === target),
      random,
    )
}

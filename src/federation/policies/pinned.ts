import type { Policy } from './choose.ts'

/** Only the node of this name or peer id, `--target-worker`; among several of the same name, as `otherwise` says. */
export function pinned(target: string, otherwise: Policy): Policy {
  return {
    name: 'pinned',
    order: (candidates, question) =>
      otherwise.order(
        candidates.filter(({ name, peerId }) => name === target || peerId === target),
        question,
      ),
  }
}

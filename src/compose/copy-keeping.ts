import { NewestMap } from '../base/newest-map.ts'
import { homeOfId } from '../federation/home.ts'
import type { Neighbours } from '../federation/replication/neighbours.ts'
import type { Responses } from '../responses/create-responses.ts'
import type { ResponseCopy, ResponsesEvents } from '../responses/response-copy.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface CopyKeepingDeps {
  readonly neighbours: Neighbours
  readonly responses: Pick<Responses, 'find' | 'cancel'>
  /** Whether an id was made by this node. */
  readonly isOwn: (id: string) => boolean
  readonly log: Pick<Logger, 'debug'>
}

/** Gives copies of this node's responses away, and keeps their own nodes told of what was done in their place. */
export interface CopyKeeping {
  readonly events: ResponsesEvents
  /** It is made here in the place of its own node, which does not know yet. */
  madeHere(id: string, owner: string | null): void
  /** The nodes are others than before: some may be back. */
  look(): void
}

/** A longer response stays where it was made. */
const MAX_COPY_LENGTH = 8 * 1024 * 1024
const MAX_REMEMBERED = 4096

export function createCopyKeeping({ neighbours, responses, isOwn, log }: CopyKeepingDeps): CopyKeeping {
  /** Who would go on with what is made here. */
  const guardians = new NewestMap<string, string>(MAX_REMEMBERED)
  /** Deletions of which the response's own node has not heard. */
  const owed = new NewestMap<string, string | null>(MAX_REMEMBERED)
  /** What is made here in the place of its own node, which does not know yet. */
  const untold = new NewestMap<string, string | null>(MAX_REMEMBERED)

  async function give(peerId: string, copy: ResponseCopy): Promise<boolean | undefined> {
    const { id } = copy.record.resource
    const text = JSON.stringify(copy)
    if (text.length > MAX_COPY_LENGTH) return undefined
    try {
      return await neighbours.give(peerId, id, text)
    } catch (err) {
      log.debug({ err, response: id }, 'a copy of a response could not be given to another node')
      return undefined
    }
  }

  async function forgetElsewhere(id: string, owner: string | null): Promise<void> {
    const heard = await neighbours.remove(id, owner)
    if (heard || isOwn(id)) owed.delete(id)
    else owed.set(id, owner)
  }

  /** The response's own node is back: it shows what is made in its place, or has made it itself after all. */
  async function tellHome(id: string, owner: string | null): Promise<void> {
    const home = neighbours.homeOf(id)
    const record = await responses.find(id, owner)
    if (home === undefined || record === undefined || !untold.delete(id)) return
    const taken = await give(home, { record })
    if (taken === undefined) untold.set(id, owner)
    else if (!taken) await responses.cancel(id, owner)
  }

  function look(): void {
    const isBack = (id: string): boolean => neighbours.homeOf(id) !== undefined
    for (const [id, owner] of [...owed]) if (isBack(id)) void forgetElsewhere(id, owner).catch(() => {})
    for (const [id, owner] of [...untold]) if (isBack(id)) void tellHome(id, owner).catch(() => {})
  }

  return {
    look,
    madeHere(id, owner) {
      untold.set(id, owner)
      look()
    },
    events: {
      begun(record, request) {
        const { id, model } = record.resource
        const keeper = isOwn(id) ? neighbours.keeperOf(id, model) : undefined
        if (keeper === undefined) return
        guardians.set(id, keeper)
        void give(keeper, { record, request })
      },
      finished(record) {
        const { id, model } = record.resource
        if (homeOfId(id) === undefined) return
        const targets = [guardians.get(id), neighbours.homeOf(id), neighbours.keeperOf(id, model)]
        guardians.delete(id)
        untold.delete(id)
        for (const peerId of new Set(targets)) if (peerId !== undefined) void give(peerId, { record })
      },
      removed(id, owner) {
        guardians.delete(id)
        untold.delete(id)
        if (homeOfId(id) !== undefined) void forgetElsewhere(id, owner).catch(() => {})
      },
    },
  }
}

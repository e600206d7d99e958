import { AppError } from '../../base/errors.ts'
import type { Stamp } from '../../inference/continuity.ts'
import type { Responses } from '../../responses/create-responses.ts'
import type { Item } from '../../responses/items.ts'
import { isFinished } from '../../responses/resource.ts'
import { responseOfItem } from '../../responses/running-responses.ts'
import { previousNotFound } from './inference-paths.ts'
import { invalid } from './refusals.ts'
import { type CreateResponseRequest, MAX_ITEMS } from './schema.ts'
import { type ReadItem, toItems } from './to-items.ts'

export interface ConversationDeps {
  readonly responses: Pick<Responses, 'find'>
  readonly owner: string | null
  /** For the names of items that have none. */
  readonly stamp: Stamp
}

/** Responses that the item references of one request may lead to. */
const MAX_REFERENCED = 256

/** Everything said so far: the previous response with all that came before it, then the request's own input. */
export async function readConversation(
  deps: ConversationDeps,
  body: Pick<CreateResponseRequest, 'input' | 'previous_response_id'>,
): Promise<Item[]> {
  const own = toItems(body, deps.stamp)
  const before = await readPrevious(deps, body.previous_response_id ?? '')
  const items = [...before, ...(await resolveReferences(deps, own, before))]
  if (items.length === 0) throw invalid('input', 'input is required')
  if (items.length > MAX_ITEMS) throw invalid('input', `the conversation has more than ${MAX_ITEMS} items`)
  return items
}

async function readPrevious({ responses, owner }: ConversationDeps, id: string): Promise<readonly Item[]> {
  if (id === '') return []
  const record = await responses.find(id, owner)
  if (record === undefined) throw previousNotFound(id)
  const { input, resource } = record
  if (!isFinished(resource)) {
    throw invalid('previous_response_id', `the previous response is not finished yet: ${id}`)
  }
  return [...input, ...resource.output]
}

async function resolveReferences(
  { responses, owner }: ConversationDeps,
  own: readonly ReadItem[],
  before: readonly Item[],
): Promise<Item[]> {
  const known = new Map(before.map((item) => [item.id, item]))
  const looked = new Set<string>()
  async function find(id: string, field: string): Promise<Item> {
    const response = responseOfItem(id)
    if (!known.has(id) && response !== undefined && !looked.has(response)) {
      if (looked.size >= MAX_REFERENCED) throw invalid('input', 'input refers to items of too many responses')
      looked.add(response)
      for (const item of (await responses.find(response, owner))?.resource.output ?? []) known.set(item.id, item)
    }
    const found = known.get(id)
    if (found === undefined)
      throw new AppError('request.invalid', `item not found: ${id}`, { details: { param: field } })
    return found
  }
  const items: Item[] = []
  for (const [index, item] of own.entries()) {
    items.push(item.type === 'item_reference' ? await find(item.id, `input[${index}].id`) : item)
  }
  return items
}

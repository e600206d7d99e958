import { isObject } from '../../base/json.ts'

/** One entry of `/v1/models`, with what some servers tell there beyond OpenAI's fields. */
export interface ListedEntry {
  readonly id: string
  readonly ownedBy: string
  readonly created?: number
  readonly contextSize?: number
}

/** A name goes into URLs, lists and logs of the whole network. */
const LONGEST_ID = 160

/** The entries of a list of models; undefined when it is none. Names that no list of ours could hold are left out. Pure. */
export function readModelList(answer: unknown): readonly ListedEntry[] | undefined {
  const entries: unknown = isObject(answer) ? (answer['data'] ?? answer['models']) : answer
  if (!Array.isArray(entries)) return undefined
  return entries.flatMap(toEntry)
}

function toEntry(entry: unknown): ListedEntry[] {
  if (!isObject(entry)) return []
  const { id, owned_by, created, max_model_len, max_context_length, meta } = entry
  if (typeof id !== 'string' || id.trim() !== id || id === '' || id.length > LONGEST_ID || /\p{C}/u.test(id)) return []
  const trained = isObject(meta) ? (meta['n_ctx'] ?? undefined) : undefined
  const contextSize = [max_model_len, max_context_length, trained].map(positiveCount).find((size) => size !== undefined)
  const since = positiveCount(created)
  return [
    {
      id,
      ownedBy: typeof owned_by === 'string' ? owned_by : '',
      ...(since === undefined ? {} : { created: since }),
      ...(contextSize === undefined ? {} : { contextSize }),
    },
  ]
}

export function positiveCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value < 2 ** 31 ? value : undefined
}

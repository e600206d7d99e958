import type { Stamp } from '../../inference/continuity.ts'
import type { Item, MessageItem } from '../../responses/items.ts'
import { invalid, unsupported } from './refusals.ts'
import type { CreateResponseRequest, InputItem, Part } from './schema.ts'

/** An item, or the name of one that is stored. */
export type ReadItem = Item | { readonly type: 'item_reference'; readonly id: string }

type Content = MessageItem['content'][number]

const ROLES = ['user', 'assistant', 'system', 'developer'] as const

/** The request's own part of the conversation. Items without a name get one. */
export function toItems({ input }: Pick<CreateResponseRequest, 'input'>, stamp: Stamp): readonly ReadItem[] {
  if (input === undefined || input === null) return []
  const items: readonly InputItem[] = typeof input === 'string' ? [{ role: 'user', content: input }] : input
  return items.map((item, index) => {
    const field = `input[${index}]`
    const nameOf = (prefix: string): string => present(item.id) ?? `${prefix}_${stamp.digits(field)}`
    return toItem(item, { field, nameOf })
  })
}

interface ItemPlace {
  readonly field: string
  /** The item's own name or, with this prefix, a new one. */
  readonly nameOf: (prefix: string) => string
}

function toItem(item: InputItem, { field, nameOf }: ItemPlace): ReadItem {
  const status = 'completed' as const
  switch (item.type ?? 'message') {
    case 'message':
      return toMessage(item, { field, nameOf })
    case 'function_call': {
      const call = { call_id: needed(item.call_id, `${field}.call_id`), name: needed(item.name, `${field}.name`) }
      return { type: 'function_call', id: nameOf('fc'), status, ...call, arguments: toArguments(item.arguments) }
    }
    case 'function_call_output': {
      const call_id = needed(item.call_id, `${field}.call_id`)
      return {
        type: 'function_call_output',
        id: nameOf('fco'),
        status,
        call_id,
        output: toOutput(item.output, field),
      }
    }
    case 'reasoning': {
      const summary = textsOf(item.summary, `${field}.summary`)
      const content = textsOf(item.content, `${field}.content`)
      return {
        type: 'reasoning',
        id: nameOf('reasoning'),
        status,
        summary: summary.map((text) => ({ type: 'summary_text', text })),
        content: content.map((text) => ({ type: 'reasoning_text', text })),
      }
    }
    case 'item_reference':
      return { type: 'item_reference', id: needed(item.id, `${field}.id`) }
    default:
      throw unsupported(`${field}.type`, `${field}.type is "${item.type}", which this node does not know`)
  }
}

function toMessage(item: InputItem, { field, nameOf }: ItemPlace): Item {
  const role = ROLES.find((known) => known === item.role)
  if (role === undefined) throw invalid(`${field}.role`, `${field}.role must be one of: ${ROLES.join(', ')}`)
  const { content } = item
  if (content === undefined || content === null) throw invalid(`${field}.content`, `${field}.content is required`)
  const parts: readonly Part[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  return {
    type: 'message',
    id: nameOf('msg'),
    status: 'completed',
    role,
    content: parts.map((part, index) => toContent(part, { role, field: `${field}.content[${index}]` })),
  }
}

const TEXT_PARTS = new Set(['input_text', 'output_text', 'text'])

function toContent(part: Part, { role, field }: { readonly role: string; readonly field: string }): Content {
  if (part.type === 'refusal') return { type: 'refusal', refusal: needed(part.refusal, `${field}.refusal`) }
  const text = textOf(part, field)
  return role === 'assistant'
    ? { type: 'output_text', text, annotations: [], logprobs: [] }
    : { type: 'input_text', text }
}

function toOutput(output: InputItem['output'], field: string): string | { type: 'input_text'; text: string }[] {
  if (output === undefined || output === null) throw invalid(`${field}.output`, `${field}.output is required`)
  if (typeof output === 'string') return output
  return output.map((part, index) => ({ type: 'input_text', text: textOf(part, `${field}.output[${index}]`) }))
}

function textOf(part: Part, field: string): string {
  if (!TEXT_PARTS.has(part.type)) {
    throw unsupported(field, `${field} is of type "${part.type}": this node takes text only, no images, files or audio`)
  }
  if (typeof part.text !== 'string') throw invalid(`${field}.text`, `${field}.text is required`)
  return part.text
}

/** What a reasoning item says; whichever kind of text it is. */
function textsOf(content: InputItem['content'], field: string): readonly string[] {
  if (content === undefined || content === null) return []
  if (typeof content === 'string') return [content]
  return content.map((part, index) => {
    if (typeof part.text !== 'string') throw invalid(`${field}[${index}].text`, `${field}[${index}].text is required`)
    return part.text
  })
}

function toArguments(given: InputItem['arguments']): string {
  if (given === undefined || given === null) return '{}'
  return typeof given === 'string' ? given : JSON.stringify(given)
}

function needed(value: string | null | undefined, field: string): string {
  const given = present(value)
  if (given === undefined) throw invalid(field, `${field} is required`)
  return given
}

function present(value: string | null | undefined): string | undefined {
  return value === undefined || value === null || value === '' ? undefined : value
}

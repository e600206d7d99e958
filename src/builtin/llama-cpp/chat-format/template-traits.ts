import type { CompiledTemplate } from './template-engine.ts'

/** What a template can do and how it wants to be fed, found out by rendering small conversations with it. */
export interface TemplateTraits {
  readonly systemRole: boolean
  /** Tools, calls and their results all show up in the prompt. */
  readonly tools: boolean
  /** Arguments of calls as JSON text, where most templates take an object. */
  readonly argumentsAsText: boolean
  /** Takes a text for arguments that are no object: those of a call that was cut off, say. Others fail on it. */
  readonly brokenArguments: boolean
  /** A turn that only calls tools has `null` for content, not an empty text. */
  readonly nullContent: boolean
  /** Content as a list of parts, where a text is not rendered. */
  readonly typedContent: boolean
  /** Call ids must be this long. */
  readonly callIdLength: number | undefined
  /** Every tool and parameter must have a description, if only an empty one. */
  readonly describedTools: boolean
  /** What `tools` is when there are none: most templates want it undefined, some a list to loop over. */
  readonly noTools: readonly never[] | undefined
  /** The prompt depends on whether the model may think. */
  readonly thinkingSwitch: boolean
  /** What ends a turn of the assistant, when it looks like a token of its own. */
  readonly endOfTurn: string | undefined
}

const user = { role: 'user', content: 'probe-question' }
const inParts = (text: unknown): unknown => (typeof text === 'string' ? [{ type: 'text', text }] : text)
/** A tool as bare as a request may have it, and one that is described throughout. */
const [bareTool, describedTool] = [{}, { description: '' }].map((described) => ({
  type: 'function',
  function: {
    name: 'probe_tool',
    ...described,
    parameters: {
      type: 'object',
      properties: { probe_parameter: { type: 'string', ...described } },
      required: ['probe_parameter'],
    },
  },
}))

type Variables = Readonly<Record<string, unknown>>

export function probeTemplate(template: CompiledTemplate, tokens: Variables): TemplateTraits {
  /** What the template makes of a conversation; nothing when it refuses or fails. */
  const renderPlain = (messages: readonly unknown[], more: Variables = {}): string => {
    try {
      return template.render({ ...tokens, messages, add_generation_prompt: true, enable_thinking: true, ...more })
    } catch {
      return ''
    }
  }
  const noTools = renderPlain([user]) === '' && renderPlain([user], { tools: [] }) !== '' ? [] : undefined
  const isAsked = (content: unknown): boolean =>
    renderPlain([{ role: 'user', content }], { tools: noTools }).includes(user.content)
  const typedContent = !isAsked(user.content) && isAsked(inParts(user.content))
  const render: Render = (messages, more) => {
    const turns = typedContent ? messages.map((turn) => ({ ...turn, content: inParts(turn.content) })) : messages
    return renderPlain(turns, { tools: noTools, ...more })
  }
  return {
    ...probeCalls(render),
    noTools,
    typedContent,
    systemRole: render([{ role: 'system', content: 'probe-system' }, user]).includes('probe-system'),
    thinkingSwitch: render([user]) !== render([user], { enable_thinking: false }),
    endOfTurn: endOfTurn(render([user, { role: 'assistant', content: 'probe-answer' }, user])),
  }
}

type ProbeTurn = Variables & { readonly content: unknown }

type Render = (messages: readonly ProbeTurn[], more?: Variables) => string
type CallShape = Pick<TemplateTraits, 'argumentsAsText' | 'nullContent' | 'callIdLength'>
type CallTraits = CallShape & Pick<TemplateTraits, 'tools' | 'describedTools' | 'brokenArguments'>

/** Tries the shapes of a call from the most usual one on, until a template renders it whole. */
function probeCalls(render: Render): CallTraits {
  const showsTools = (tool: unknown): boolean => render([user], { tools: [tool] }).includes('probe_tool')
  const describedTools = !showsTools(bareTool)
  const tools = [describedTools ? describedTool : bareTool]
  for (const callIdLength of [undefined, 9]) {
    for (const argumentsAsText of [false, true]) {
      for (const nullContent of [false, true]) {
        const shape = { callIdLength, argumentsAsText, nullContent }
        if (!isWhole(render(conversation(shape), { tools }))) continue
        const brokenArguments = render(conversation(shape, '{"probe_par'), { tools }) !== ''
        return { tools: showsTools(tools[0]), describedTools, brokenArguments, ...shape }
      }
    }
  }
  const unknown = { callIdLength: undefined, argumentsAsText: false, nullContent: false, brokenArguments: true }
  return { tools: false, describedTools, ...unknown }
}

/** The arguments show up as JSON or as tagged values, once, and nothing is called None. */
function isWhole(prompt: string): boolean {
  const called = prompt.lastIndexOf('probe_tool')
  const argumentsAt = prompt.lastIndexOf('probe-value')
  const resultAt = prompt.lastIndexOf('probe-result')
  if (called < 0 || argumentsAt < 0 || resultAt < 0) return false
  const written = prompt.slice(prompt.indexOf('probe-question'), resultAt)
  return !/\bNone\b|\bnull\b|\\"probe_parameter\\"/.test(written)
}

function conversation(shape: CallShape, broken?: string): readonly ProbeTurn[] {
  const id = shape.callIdLength === undefined ? 'call_probe0000000000000000' : 'probe0000'.slice(0, shape.callIdLength)
  const given = { probe_parameter: 'probe-value' }
  const called = { name: 'probe_tool', arguments: broken ?? (shape.argumentsAsText ? JSON.stringify(given) : given) }
  return [
    user,
    {
      role: 'assistant',
      content: shape.nullContent ? null : '',
      tool_calls: [{ id, type: 'function', function: called }],
    },
    { role: 'tool', tool_call_id: id, name: 'probe_tool', content: 'probe-result' },
  ]
}

/** Tokens that end a turn and nothing else. */
const endsOfTurn = [
  '<|im_end|>',
  '<|eot_id|>',
  '<|eot|>',
  '<|end|>',
  '<|end_of_text|>',
  '<|endoftext|>',
  '<|assistant_end|>',
  '<|role_end|>',
  '<|END_OF_TURN_TOKEN|>',
  '<｜end▁of▁sentence｜>',
  '<end_of_turn>',
  '</s>',
]

function endOfTurn(prompt: string): string | undefined {
  const [, after = ''] = prompt.split('probe-answer')
  return endsOfTurn.find((end) => after.trimStart().startsWith(end))
}

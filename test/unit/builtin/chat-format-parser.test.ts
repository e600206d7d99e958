import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ChatTool, OutputParser } from '../../../src/builtin/llama-cpp/chat-format/chat-format.ts'
import { fixtureFormat, planTool, type ReadAnswer, readPieces, weatherTool } from '../../support/chat-fixtures.ts'
import { seededRandom } from '../../support/random.ts'

interface ParserCase {
  readonly name: string
  readonly template: string
  readonly tools?: readonly ChatTool[]
  readonly enableThinking?: boolean
  readonly text: string
  readonly expected: Partial<ReadAnswer>
}

const oslo = { name: 'get_weather', arguments: '{"city": "Oslo"}' }
const rome = { name: 'get_weather', arguments: '{"city": "Rome"}' }
const hermesOslo = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>'
const hermesRome = hermesOslo.replace('Oslo', 'Rome')

const codesTool: ChatTool = {
  name: 'codes',
  parameters: {
    type: 'object',
    properties: {
      maybe: { anyOf: [{ type: 'string' }, { type: 'null' }] },
      listed: { enum: ['12', '13'] },
      named: { $ref: '#/$defs/code' },
      either: { type: ['string', 'integer'] },
      one: { const: '12' },
      number: { type: 'number' },
      anything: { $ref: '#/$defs/loop' },
    },
    $defs: { code: { type: 'string', minLength: 2 }, loop: { anyOf: [{ type: 'string' }, { $ref: '#/$defs/loop' }] } },
  },
}

const cases: readonly ParserCase[] = [
  { name: 'plain content', template: 'thinking-switch', text: 'Hello!\n', expected: { content: 'Hello!\n' } },
  { name: 'nothing', template: 'thinking-switch', text: '', expected: {} },
  { name: 'white space only', template: 'thinking-switch', text: ' \n ', expected: { content: ' \n ' } },
  { name: 'a call', template: 'thinking-switch', text: hermesOslo, expected: { calls: [oslo] } },
  {
    name: 'content, then two calls',
    template: 'thinking-switch',
    text: `Let me look.\n\n${hermesOslo}\n${hermesRome}\n`,
    expected: { content: 'Let me look.', calls: [oslo, rome] },
  },
  {
    name: 'two calls in one tag, and a list of them',
    template: 'thinking-switch',
    text: hermesOslo.replace(
      '\n</tool_call>',
      `\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>`,
    ),
    expected: { calls: [oslo, rome] },
  },
  {
    name: 'content behind a call',
    template: 'thinking-switch',
    text: `${hermesOslo}\nThat was it.`,
    expected: { content: 'That was it.', calls: [oslo] },
  },
  {
    name: 'thoughts, content and a call',
    template: 'thinking-switch',
    text: `<think>\nHm <b>.\n</think>\n\nWell:\n${hermesOslo}`,
    expected: { reasoning: 'Hm <b>.', content: 'Well:', calls: [oslo] },
  },
  {
    name: 'a call that is only thought of',
    template: 'thinking-switch',
    text: `<think>${hermesOslo}</think>No.`,
    expected: { reasoning: hermesOslo, content: 'No.' },
  },
  {
    name: 'thoughts that never end',
    template: 'thinking-switch',
    text: '<think>and so on </thi',
    expected: { reasoning: 'and so on </thi' },
  },
  {
    name: 'a tag of thoughts in the middle is content',
    template: 'thinking-switch',
    text: 'The tag <think> begins thoughts.</think>',
    expected: { content: 'The tag <think> begins thoughts.</think>' },
  },
  {
    name: 'thoughts that the prompt has begun',
    template: 'thinking-opened',
    text: 'Hm.\n</think>\n\nYes.',
    expected: { reasoning: 'Hm.', content: 'Yes.' },
  },
  {
    name: 'thoughts begun twice',
    template: 'thinking-opened',
    text: '<think>\nHm.</think>Yes.',
    expected: { reasoning: 'Hm.', content: 'Yes.' },
  },
  {
    name: 'no tools, no calls',
    template: 'thinking-switch',
    tools: [],
    text: hermesOslo,
    expected: { content: hermesOslo },
  },
  {
    name: 'an unfinished tag at the end',
    template: 'thinking-switch',
    text: 'a <tool_cal',
    expected: { content: 'a <tool_cal' },
  },
  {
    name: 'what is no JSON',
    template: 'thinking-switch',
    text: '<tool_call>\nget_weather(Oslo)\n</tool_call> done',
    expected: { content: '<tool_call>\nget_weather(Oslo)\n</tool_call> done' },
  },
  {
    name: 'JSON without a name',
    template: 'thinking-switch',
    text: '<tool_call>{"city": "Oslo"}</tool_call>',
    expected: { content: '<tool_call>{"city": "Oslo"}</tool_call>' },
  },
  {
    name: 'a good call behind a bad one',
    template: 'thinking-switch',
    text: `<tool_call> oops ${hermesOslo}`,
    expected: { content: '<tool_call> oops', calls: [oslo] },
  },
  {
    name: 'a call cut before its name is whole',
    template: 'thinking-switch',
    text: '<tool_call>\n{"name": "get_wea',
    expected: { content: '<tool_call>\n{"name": "get_wea' },
  },
  {
    name: 'a call cut in its arguments',
    template: 'thinking-switch',
    text: '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Os',
    expected: { calls: [{ name: 'get_weather', arguments: '{"city": "Os' }] },
  },
  {
    name: 'a missing bracket',
    template: 'thinking-switch',
    text: hermesOslo.replace('}}', '}'),
    expected: { calls: [oslo] },
  },
  {
    name: 'a missing end tag',
    template: 'thinking-switch',
    text: hermesOslo.replace('\n</tool_call>', ''),
    expected: { calls: [oslo] },
  },
  {
    name: 'arguments before the name, and other keys',
    template: 'thinking-switch',
    text: '<tool_call>{"id": [1, "}"], "arguments": {"city": "Oslo"}, "x": null, "name": "get_weather"}</tool_call>',
    expected: { calls: [oslo] },
  },
  {
    name: 'arguments in a string',
    template: 'thinking-switch',
    text: '<tool_call>{"name": "get_weather", "arguments": "{\\"city\\": \\"Oslo\\"}"}</tool_call>',
    expected: { calls: [oslo] },
  },
  {
    name: 'no arguments, and null',
    template: 'thinking-switch',
    text: '<tool_call>{"name": "a"}</tool_call><tool_call>{"name": "b", "arguments": null}</tool_call>',
    expected: {
      calls: [
        { name: 'a', arguments: '{}' },
        { name: 'b', arguments: '{}' },
      ],
    },
  },
  {
    name: 'brackets, quotes and tags inside of strings',
    template: 'thinking-switch',
    text: '<tool_call>{"name": "a", "arguments": {"x": "}\\"]</tool_call>", "y": [{}, "\\\\"]}}</tool_call>!',
    expected: { content: '!', calls: [{ name: 'a', arguments: '{"x": "}\\"]</tool_call>", "y": [{}, "\\\\"]}' }] },
  },
  {
    name: 'a bare call',
    template: 'header-json',
    text: '{"name": "get_weather", "parameters": {"city": "Oslo"}}',
    expected: { calls: [oslo] },
  },
  {
    name: 'bare calls with a semicolon between them',
    template: 'header-json',
    text: '\n{"name": "get_weather", "parameters": {"city": "Oslo"}}; {"name": "get_weather", "parameters": {"city": "Rome"}}',
    expected: { calls: [oslo, rome] },
  },
  {
    name: 'a tagged bare call with its type',
    template: 'header-json',
    text: '<|python_tag|>{"type": "function", "name": "get_weather", "parameters": {"city": "Oslo"}}',
    expected: { calls: [oslo] },
  },
  {
    name: 'an answer in JSON that is no call',
    template: 'header-json',
    text: ' {"name": "Bob", "parameters": {"age": 3}}\n',
    expected: { content: ' {"name": "Bob", "parameters": {"age": 3}}\n' },
  },
  {
    name: 'JSON in the middle of an answer',
    template: 'header-json',
    text: 'So: {"name": "get_weather", "parameters": {}}',
    expected: { content: 'So: {"name": "get_weather", "parameters": {}}' },
  },
  {
    name: 'a list of calls with ids',
    template: 'alternating-list',
    text: '[TOOL_CALLS] [{"name": "get_weather", "arguments": {"city": "Oslo"}, "id": "a12345678"}, {"name": "get_weather", "arguments": {"city": "Rome"}, "id": "b12345678"}]',
    expected: { calls: [oslo, rome] },
  },
  {
    name: 'named calls',
    template: 'named-arguments',
    text: 'Well.[TOOL_CALLS]get_weather[ARGS]{"city": "Oslo"}[TOOL_CALLS]get_weather[CALL_ID]x9[ARGS]{"city": "Rome"}',
    expected: { content: 'Well.', calls: [oslo, rome] },
  },
  {
    name: 'fenced calls',
    template: 'fenced-calls',
    text: '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Oslo"}\n```<｜tool▁call▁end｜>\n<｜tool▁call▁begin｜>function<｜tool▁sep｜>get_weather\n```json\n{"city": "Rome"}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    expected: { calls: [oslo, rome] },
  },
  {
    name: 'separated calls',
    template: 'separated-calls',
    text: 'Ok <｜tool▁calls▁begin｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Oslo"}<｜tool▁call▁end｜><｜tool▁call▁begin｜>get_weather<｜tool▁sep｜>{"city": "Rome"}<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
    expected: { content: 'Ok', calls: [oslo, rome] },
  },
  {
    name: 'parameters in tags',
    template: 'tagged-parameters',
    text: 'Off.\n<tool_call>\n<function=plan_trip>\n<parameter=to>\nLa "Paz"\nBolivia\n</parameter>\n<parameter=days>\n3\n</parameter>\n<parameter=stops>\n["Lima"]\n</parameter>\n</function>\n</tool_call>',
    expected: {
      content: 'Off.',
      calls: [{ name: 'plan_trip', arguments: '{"to": "La \\"Paz\\"\\nBolivia", "days": 3, "stops": ["Lima"]}' }],
    },
  },
  {
    name: 'a number as text, text as a number, and an unknown parameter',
    template: 'tagged-parameters',
    text: '<function=plan_trip><parameter=to>42</parameter><parameter=days>soon</parameter><parameter=new>x y</parameter></function>',
    expected: { calls: [{ name: 'plan_trip', arguments: '{"to": "42", "days": "soon", "new": "x y"}' }] },
  },
  ...['tagged-parameters', 'key-values'].map((template): ParserCase => {
    const digits = ['maybe', 'listed', 'named', 'either', 'one', 'number', 'anything'].map((key) =>
      template === 'key-values'
        ? `<arg_key>${key}</arg_key>\n<arg_value>12</arg_value>\n`
        : `<parameter=${key}>\n12\n</parameter>\n`,
    )
    const [open, close] = template === 'key-values' ? ['codes\n', ''] : ['<function=codes>\n', '</function>\n']
    return {
      name: `digits where texts may be and numbers may not (${template})`,
      template,
      tools: [codesTool],
      text: `<tool_call>${open}${digits.join('')}${close}</tool_call>`,
      expected: {
        calls: [
          {
            name: 'codes',
            arguments:
              '{"maybe": "12", "listed": "12", "named": "12", "either": 12, "one": "12", "number": 12, "anything": 12}',
          },
        ],
      },
    }
  }),
  {
    name: 'a tagged call without parameters',
    template: 'tagged-parameters',
    text: '<tool_call>\n<function=now>\n</function>\n</tool_call>',
    expected: { calls: [{ name: 'now', arguments: '{}' }] },
  },
  {
    name: 'JSON where tags were taught',
    template: 'tagged-parameters',
    text: hermesOslo,
    expected: { calls: [oslo] },
  },
  {
    name: 'keys and values',
    template: 'key-values',
    text: 'Go.\n<tool_call>plan_trip\n<arg_key>to</arg_key>\n<arg_value>Rome 😀</arg_value>\n<arg_key>stops</arg_key>\n<arg_value>[]</arg_value>\n</tool_call>\n<tool_call>now</tool_call>',
    expected: {
      content: 'Go.',
      calls: [
        { name: 'plan_trip', arguments: '{"to": "Rome 😀", "stops": []}' },
        { name: 'now', arguments: '{}' },
      ],
    },
  },
  {
    name: 'channels',
    template: 'channels',
    text: '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hello < you',
    expected: { reasoning: 'Hm.', content: 'Hello < you' },
  },
  {
    name: 'a call on a channel',
    template: 'channels',
    text: '<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city": "Oslo"}<|call|>',
    expected: { reasoning: 'Hm.', calls: [oslo] },
  },
  {
    name: 'a call addressed before its channel',
    template: 'channels',
    text: ' to=functions.get_weather<|channel|>commentary json<|message|>{"city": "Oslo"}',
    expected: { calls: [oslo] },
  },
  {
    name: 'an answer on no channel',
    template: 'channels',
    text: 'Just so.\nReally.',
    expected: { content: 'Just so.\nReally.' },
  },
  {
    name: 'tools for a template that knows none',
    template: 'chatml-default-system',
    text: hermesOslo,
    expected: { calls: [oslo] },
  },
]

function parsersFor({
  template,
  tools = [weatherTool, planTool],
  enableThinking = true,
}: ParserCase): () => OutputParser {
  const messages = [{ role: 'user', content: 'Hi' }]
  const format = fixtureFormat(template)
  return () => format.render({ messages, tools, toolChoice: 'auto', enableThinking }).parser
}

function parserFor(parserCase: ParserCase): OutputParser {
  return parsersFor(parserCase)()
}

function cutAtRandom(text: string, random: () => number): string[] {
  const pieces: string[] = []
  for (let at = 0; at < text.length; ) {
    const size = 1 + Math.floor(random() * 9)
    pieces.push(text.slice(at, at + size))
    at += size
  }
  return pieces
}

describe('an answer is taken apart the same way however it is cut', () => {
  for (const parserCase of cases) {
    it(parserCase.name, () => {
      const { text, expected } = parserCase
      const newParser = parsersFor(parserCase)
      const whole = { content: '', reasoning: '', calls: [], ...expected }
      assert.deepEqual(readPieces(newParser(), [text]), whole)
      for (let at = 1; at < text.length; at += 1) {
        const pieces = [text.slice(0, at), text.slice(at)]
        assert.deepEqual(readPieces(newParser(), pieces), whole, `cut at ${at}`)
      }
      assert.deepEqual(readPieces(newParser(), text.split('')), whole, 'cut everywhere')
      const random = seededRandom(11)
      for (let round = 0; round < 10; round += 1) {
        assert.deepEqual(readPieces(newParser(), cutAtRandom(text, random)), whole)
      }
    })
  }
})

describe('an answer on its way', () => {
  const hermes: ParserCase = { name: '', template: 'thinking-switch', text: '', expected: {} }

  it('says a call as soon as its name is known, and arguments as they come', () => {
    const parser = parserFor(hermes)
    assert.deepEqual(parser.push('Ok.\n<tool_call>\n{"name": "get_wea'), [{ type: 'content', text: 'Ok.' }])
    assert.equal(parser.sawToolCall(), false)
    assert.deepEqual(parser.push('ther"'), [])
    assert.deepEqual(parser.push(','), [{ type: 'tool-call-start', index: 0, id: 'call_1', name: 'get_weather' }])
    assert.equal(parser.sawToolCall(), true)
    assert.deepEqual(parser.push(' "arguments": {"ci'), [{ type: 'tool-call-arguments', index: 0, text: '{"ci' }])
    assert.deepEqual(parser.push('ty": 1}'), [{ type: 'tool-call-arguments', index: 0, text: 'ty": 1}' }])
    assert.deepEqual(parser.push('}\n</tool_call>'), [])
    assert.deepEqual(parser.finish(), [])
  })

  it('holds back only what may begin a marker', () => {
    const parser = parserFor(hermes)
    assert.deepEqual(parser.push('a < b'), [{ type: 'content', text: 'a < b' }])
    assert.deepEqual(parser.push(' <tool'), [])
    assert.deepEqual(parser.push('box>'), [{ type: 'content', text: ' <toolbox>' }])
  })

  it('streams text parameters out of their tags', () => {
    const parser = parserFor({ ...hermes, template: 'tagged-parameters' })
    parser.push('<tool_call>\n<function=get_weather>\n<parameter=city>\n')
    const [delta] = parser.push('Os')
    assert.deepEqual(delta, { type: 'tool-call-arguments', index: 0, text: 'Os' })
  })

  it('gives calls ids of their own, of 24 characters', async () => {
    const { createChatFormat } = await import('../../../src/builtin/llama-cpp/chat-format/chat-format.ts')
    const format = createChatFormat({ template: '{{ messages[0].content }}', bosToken: '', eosToken: '' })
    const input = { messages: [{ role: 'user', content: '' }], tools: [weatherTool], toolChoice: 'auto' as const }
    const ids = [1, 2].flatMap(() =>
      format
        .render(input)
        .parser.push(`${hermesOslo}\n${hermesRome}.`)
        .flatMap((delta) => ('id' in delta ? [delta.id] : [])),
    )
    assert.equal(new Set(ids).size, 4)
    for (const id of ids) assert.match(id, /^call_[A-Za-z0-9]{24}$/)
  })

  it('loses nothing of a long text that keeps looking like calls', () => {
    const text = '<tool_call>{"a": "'.repeat(300) + '<tool_call>{'.repeat(300)
    assert.deepEqual(readPieces(parserFor(hermes), [text]), { content: text, reasoning: '', calls: [] })
  })

  it('gives up on a call whose beginning has no end', () => {
    const text = `<tool_call>{"a": "${'x'.repeat(70_000)}", "name": "get_weather"}`
    const expected = { content: text, reasoning: '', calls: [] }
    assert.deepEqual(readPieces(parserFor(hermes), [text]), expected)
    assert.deepEqual(readPieces(parserFor(hermes), text.match(/.{1,1000}/g) ?? []), expected)
  })
})

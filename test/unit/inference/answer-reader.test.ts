import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import type { AnswerPiece } from '../../../src/inference/answers/answer-piece.ts'
import { createAnswerReader } from '../../../src/inference/answers/answer-reader.ts'
import { parseModelFile } from '../../../src/models/config-schema.ts'
import { toModelConfig } from '../../../src/models/to-model-config.ts'

interface Reading {
  readonly yaml?: string
  readonly prompt?: string
  readonly tools?: readonly string[]
}

function readerOf({ yaml = 'name: m', prompt = '', tools = [] }: Reading) {
  const config = toModelConfig(parseModelFile(parse(yaml)), { name: 'm', modelFile: '/models/m.gguf' }, {})
  return createAnswerReader({ config, chat: { prompt, tools: tools.map((name) => ({ name })) } })
}

/** Neighbours of a kind as one. */
function joined(pieces: readonly AnswerPiece[]): readonly string[] {
  const lines: string[] = []
  for (const piece of pieces) {
    const line = piece.type === 'call' ? `call ${piece.name} ${piece.arguments}` : `${piece.type} ${piece.text}`
    const before = lines.at(-1)
    if (piece.type !== 'call' && before?.startsWith(`${piece.type} `)) lines[lines.length - 1] = before + piece.text
    else lines.push(line)
  }
  return lines
}

/** However the text is cut in two, and character by character, the same must come of it. */
function assertReads(text: string, expected: readonly string[], reading: Reading): void {
  const cuts = [[text], [...text], ...[...text].map((_, at) => [text.slice(0, at), text.slice(at)])]
  for (const cut of cuts) {
    const reader = readerOf(reading)
    const pieces = [...cut.flatMap((piece) => reader.raw(piece)), ...reader.end()]
    assert.deepEqual(joined(pieces), expected, JSON.stringify(cut))
  }
}

type Row = readonly [name: string, text: string, expected: readonly string[], reading?: Reading]

function rows(name: string, all: readonly Row[], common: Reading = {}): void {
  describe(name, () => {
    for (const [title, text, expected, reading = {}] of all) {
      it(title, () => assertReads(text, expected, { ...common, ...reading }))
    }
  })
}

rows('thoughts', [
  ['are told from the answer', '<think>\nHm, \n\n</think>\n\nYes. ', ['reasoning Hm,', 'text Yes. ']],
  [
    'may come more than once',
    'A<think>b</think>C[THINK]d[/THINK]E',
    ['text A', 'reasoning b', 'text C', 'reasoning d', 'text E'],
  ],
  ['need not end', '<think>for ever', ['reasoning for ever']],
  ['are not what only looks like it', 'a < b and <thin> ice</think>', ['text a < b and <thin> ice</think>']],
  [
    'may have been begun by the prompt',
    'so.</think>Yes',
    ['reasoning so.', 'text Yes'],
    { prompt: 'user: hi <think>\n' },
  ],
  [
    'have not been begun by the prompt when the configuration says so',
    'so. Yes',
    ['text so. Yes'],
    { prompt: '<think>', yaml: 'reasoning: {disable_reasoning_tag_prefill: true}' },
  ],
  [
    'may be begun by a word of the configuration',
    'so.</think>Yes',
    ['reasoning so.', 'text Yes'],
    { prompt: '<muse>\n', yaml: 'reasoning: {thinking_start_tokens: ["<muse>"]}' },
  ],
  [
    'may have tags of their own',
    '((a))b',
    ['reasoning a', 'text b'],
    { yaml: 'reasoning: {tag_pairs: [{start: "((", end: "))"}]}' },
  ],
  ['may be dropped', '<think>a</think>b', ['text b'], { yaml: 'reasoning: {strip_reasoning_only: true}' }],
  [
    'stay where they are when reasoning is off',
    '<think>a</think>b',
    ['text <think>a</think>b'],
    { yaml: 'reasoning: {disable: true}' },
  ],
  [
    'may begin with what is put in front of the answer',
    'a</think>b',
    ['reasoning a', 'text b'],
    { yaml: 'template: {reply_prefix: "<think>"}' },
  ],
])

const CALL = '{"name": "look", "arguments": {"at": "it"}}'
const LOOK = 'call look {"at":"it"}'

rows(
  'calls as JSON',
  [
    ['alone', CALL, [LOOK]],
    ['behind a text', `Let me see. \n${CALL}\n`, ['text Let me see.', LOOK]],
    ['in tags', `<tool_call>\n${CALL}\n</tool_call>\n<tool_call>${CALL}</tool_call>`, [LOOK, LOOK]],
    ['in a list', `[${CALL}, ${CALL}]`, [LOOK, LOOK]],
    ['behind a word', `[TOOL_CALLS] [${CALL}]`, [LOOK]],
    ['in a fence', `So:\n\`\`\`json\n${CALL}\n\`\`\``, ['text So:', LOOK]],
    ['between texts', `a ${CALL} b`, ['text a', LOOK, 'text b']],
    [
      "in OpenAI's form, with the arguments as text",
      '{"function": {"name": "look", "arguments": "{\\"at\\": 1}"}}',
      ['call look {"at": 1}'],
    ],
    ['with parameters', '{"name": "look", "parameters": {"at": 2}}', ['call look {"at":2}']],
    ['with lines broken within a text', '{"name": "look", "arguments": {"at": "a\nb"}}', ['call look {"at":"a\\nb"}']],
    [
      'with lines broken within arguments that are a text',
      '{"name": "look", "arguments": "{\\"at\\": \\"a\\nb\\"}"}',
      ['call look {"at":"a\\nb"}'],
    ],
    ['with an empty text for no arguments', '{"name": "look", "arguments": " "}', ['call look {}']],
    ['behind thoughts', `<think>{"name"</think>${CALL}`, ['reasoning {"name"', LOOK]],
    ['without arguments', '{"name": "look"}', ['call look {}']],
    ['not of a tool that is not there', '{"name": "Bob", "arguments": {}}', ['text {"name": "Bob", "arguments": {}}']],
    [
      'not other JSON, nor what only looks like it',
      'x[0] = {a} `b` <c> {"d": [{}]} }{',
      ['text x[0] = {a} `b` <c> {"d": [{}]} }{'],
    ],
    ['not when it ends too soon', '<tool_call>{"name": "look", "argu', ['text <tool_call>{"name": "look", "argu']],
    ['within other JSON', `{"calls": [${CALL}]}`, ['text {"calls":', LOOK, 'text }']],
    ['for an answer in text', '{"name": "answer", "arguments": {"message": "Hi."}}', ['text Hi.']],
    ['for an answer that is a text itself', '{"name": "answer", "arguments": "Hi."}', ['text Hi.']],
  ],
  { tools: ['look'] },
)

describe('what is held back', () => {
  it('is only what may be a call', () => {
    const reader = readerOf({ tools: ['look'] })
    const said = (text: string): string => joined(reader.raw(text)).join('|')
    assert.equal(said('Well, '), 'text Well,')
    assert.equal(said('[1] says '), 'text  [1] says')
    assert.equal(said('{"na'), '')
    assert.equal(said('me": "Bob"}'), 'text  {"name": "Bob"}')
    assert.equal(said(` ${CALL.slice(0, -1)}`), '')
    assert.equal(said('}'), LOOK)
  })

  it('goes on for a long call without being searched from its beginning for each token', () => {
    const reader = readerOf({ tools: ['look'] })
    const long = 'x'.repeat(50_000)
    const pieces: AnswerPiece[] = []
    pieces.push(...reader.raw('{"name": "look", "arguments": {"at": "'))
    for (const character of long) pieces.push(...reader.raw(character))
    pieces.push(...reader.raw('"}}'))
    assert.deepEqual(pieces, [{ type: 'call', name: 'look', arguments: `{"at":"${long}"}` }])
  })

  it('is bounded, whatever the model writes', () => {
    const reader = readerOf({ tools: ['look'] })
    for (const text of ['{'.repeat(100_000), `a${' '.repeat(100_000)}b`, '['.repeat(100_000)]) {
      const pieces = [...reader.raw(text), ...reader.raw('!'), ...reader.end()]
      assert.equal(joined(pieces).join(''), `text ${text}!`)
    }
  })
})

rows(
  'calls as the configuration says',
  [
    [
      'by named groups',
      'Sure. <function=look>{"at": 1}</function><function=other>{}</function><function=nobody>{}</function>',
      ['call look {"at": 1}', 'call other {}'],
      { yaml: String.raw`function: {response_regex: ['<function=(?P<name>\w+)>(?P<arguments>.*?)</function>']}` },
    ],
    [
      'by groups and pairs',
      'look(at=it, with=care)',
      ['call look {"at":"it","with":"care"}'],
      {
        yaml: String.raw`function: {response_regex: ['(?P<name>\w+)\((?P<arguments>.*)\)'], argument_regex: ['(?P<key>\w+)=(?P<value>\w+)']}`,
      },
    ],
    [
      'by where the JSON is, the first pattern that finds any',
      `<call>\n${CALL}\n</call> {"name": "other"}`,
      [LOOK],
      { yaml: String.raw`function: {json_regex_match: ['(?s)<nothing>(.*)', '(?s)<call>(.*?)</call>']}` },
    ],
    [
      'after replacements, in the answer and in the calls only',
      "<scratch>{x}</scratch>{'name': 'look', 'arguments': {'at': 'it'}}",
      [LOOK],
      {
        yaml: String.raw`function: {replace_llm_results: [{key: '(?s)<scratch>.*</scratch>', value: ''}], replace_function_results: [{key: "'", value: '"'}]}`,
      },
    ],
    [
      'with the text that is captured',
      `<say> Wait. </say>${CALL}`,
      ['text Wait.', LOOK],
      { yaml: String.raw`function: {capture_llm_results: ['(?s)<say>(.*?)</say>']}` },
    ],
    [
      'or the text as it is, with what is replaced in it',
      'No <b>call</b>.',
      ['text No call.'],
      { yaml: String.raw`function: {replace_llm_results: [{key: '</?b>', value: ''}]}` },
    ],
    [
      'under other keys',
      '{"fn": "look", "args": {"at": "it"}}',
      [LOOK],
      { yaml: 'function: {function_name_key: fn, function_arguments_key: args}' },
    ],
    [
      'with a pattern that finds what is no JSON for an answer in text',
      'answer(Hi there)',
      ['text Hi there'],
      { yaml: String.raw`function: {response_regex: ['(?P<name>\w+)\((?P<arguments>.*)\)']}` },
    ],
    [
      'with another function for answers in text, or none',
      '{"name": "say", "arguments": {"message": "Hi."}}',
      ['text Hi.'],
      { yaml: 'function: {no_action_function_name: say}' },
    ],
    [
      'with none for answers in text',
      '{"name": "answer", "arguments": {"message": "Hi."}}',
      ['text {"name": "answer", "arguments": {"message": "Hi."}}'],
      { yaml: 'function: {disable_no_action: true}' },
    ],
  ],
  { tools: ['look', 'other'] },
)

rows('an answer that is edited', [
  ['is cut', 'a<x>b</x>c', ['text ac'], { yaml: "cutstrings: ['<x>.*?</x>']" }],
  ['is extracted', 'no <r>yes</r> no', ['text <r>yes</r>'], { yaml: "extract_regex: ['(?s)<r>.*</r>', 'nothing']" }],
  ['is as it is when nothing is extracted', 'no', ['text no'], { yaml: "extract_regex: ['yes']" }],
  ['loses what is in front', ' Answer:  a b ', ['text Answer:  a b'], { yaml: "trimspace: ['Answer:']" }],
  ['loses what is in front, and blanks', 'Answer: a b ', ['text a b'], { yaml: "trimspace: ['Answer:']" }],
  ['loses what is behind, and blanks', ' a b ### \n', ['text a b ###'], { yaml: "trimsuffix: ['###x']" }],
  ['loses what is behind, word by word', 'a b ###\n', ['text a b'], { yaml: 'trimsuffix: ["\\n", "###"]' }],
  ['keeps the blanks within', 'a  b\n\nc END', ['text a  b\n\nc'], { yaml: 'trimsuffix: [END]' }],
  ['may be short', 'END', [], { yaml: 'trimspace: [START]\ntrimsuffix: [END]' }],
])

describe('an answer that the backend has taken apart', () => {
  it('is edited, and read no further', () => {
    const reader = readerOf({ yaml: 'trimsuffix: [END]', tools: ['look'] })
    const pieces = [...reader.content(`<think>a</think>${CALL} EN`), ...reader.content('D'), ...reader.end()]
    assert.deepEqual(joined(pieces), [`text <think>a</think>${CALL}`])
  })
})

describe('what is no turn of a conversation', () => {
  it('is text, thoughts and all', () => {
    const config = toModelConfig({}, { name: 'm', modelFile: '/m' }, {})
    const reader = createAnswerReader({ config })
    assert.deepEqual(joined([...reader.raw(`<think>a</think>${CALL}`), ...reader.end()]), [
      `text <think>a</think>${CALL}`,
    ])
  })
})

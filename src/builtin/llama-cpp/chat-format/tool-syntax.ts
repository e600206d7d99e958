import type { ToolCallForm } from '../../../grammar/tool-call-gbnf.ts'
import { toolArgumentsRule } from '../../../grammar/tool-call-gbnf.ts'
import {
  closedBy,
  firstThatReads,
  jsonCalls,
  namedCall,
  openedBy,
  type ReadCalls,
  severalCalls,
  taggedCall,
} from './call-reading.ts'
import { hasChannels } from './channels.ts'
import type { ChatTool } from './chat-format.ts'
import { taggedArgumentsRule } from './tagged-arguments.ts'

/** How a family of models writes tool calls. */
export interface ToolSyntax {
  readonly name: string
  /** Whether a template teaches this syntax. */
  matches(template: string): boolean
  /** What calls begin with. No opener begins with another one. */
  readonly openers: readonly string[]
  readonly read: ReadCalls
  /** How calls are read that have no opener and begin the answer. */
  readonly readBare?: ReadCalls
  /** Exactly one call of a tool, as a grammar. */
  form(tool: ChatTool): ToolCallForm
}

const xmlForm = {
  open: '<function=',
  nameEnd: '>',
  parameterOpen: '<parameter=',
  keyEnd: '>',
  parameterClose: '</parameter>',
}

function jsonForm(before: (name: string) => string, after: string): ToolSyntax['form'] {
  return (tool) => ({
    before: before(JSON.stringify(tool.name)),
    arguments: (rules) => toolArgumentsRule(rules, tool.parameters),
    after,
  })
}

function namedForm(before: (name: string) => string, after: string): ToolSyntax['form'] {
  return (tool) => ({
    before: before(tool.name),
    arguments: (rules) => toolArgumentsRule(rules, tool.parameters),
    after,
  })
}

function xmlCallForm(open: string, close: string): ToolSyntax['form'] {
  return (tool) => ({
    before: `${open}\n<function=${tool.name}>\n`,
    arguments: (rules) =>
      taggedArgumentsRule(rules, tool.parameters, {
        before: (name) => `<parameter=${name}>\n`,
        after: '\n</parameter>\n',
      }),
    after: `</function>\n${close}`,
  })
}

/** JSON (Hermes, Qwen) or parameters in tags (Qwen3-Coder): models mix them up, so both are read. */
const insideToolCall = openedBy(
  ['<tool_call>'],
  closedBy(
    firstThatReads(
      severalCalls(jsonCalls({ strict: false }), ''),
      taggedCall({ ...xmlForm, closers: ['</function>'] }),
    ),
    '</tool_call>',
  ),
)

export const hermesSyntax: ToolSyntax = {
  name: 'hermes',
  matches: (template) => template.includes('<tool_call>') && /["']arguments/.test(template),
  openers: ['<tool_call>'],
  read: insideToolCall,
  form: jsonForm((name) => `<tool_call>\n{"name": ${name}, "arguments": `, '}\n</tool_call>'),
}

const xmlSyntax: ToolSyntax = {
  name: 'qwen3-coder',
  matches: (template) => template.includes('<tool_call>') && template.includes('<parameter='),
  // The outer tag is often forgotten.
  openers: ['<tool_call>', '<function='],
  read: firstThatReads(insideToolCall, taggedCall({ ...xmlForm, closers: ['</function>', '</tool_call>'] })),
  form: xmlCallForm('<tool_call>', '</tool_call>'),
}

const keyValueSyntax: ToolSyntax = {
  name: 'glm',
  matches: (template) => template.includes('<tool_call>') && template.includes('<arg_key>'),
  openers: ['<tool_call>'],
  read: openedBy(
    ['<tool_call>'],
    taggedCall({
      open: '',
      nameEnd: '\n',
      nameStops: ['<arg_key>', '</tool_call>'],
      parameterOpen: '<arg_key>',
      keyEnd: '</arg_key>',
      valueOpen: '<arg_value>',
      parameterClose: '</arg_value>',
      closers: ['</tool_call>'],
    }),
  ),
  form: (tool) => ({
    before: `<tool_call>${tool.name}\n`,
    arguments: (rules) =>
      taggedArgumentsRule(rules, tool.parameters, {
        before: (name) => `<arg_key>${name}</arg_key>\n<arg_value>`,
        after: '</arg_value>\n',
      }),
    after: '</tool_call>',
  }),
}

const seedSyntax: ToolSyntax = {
  name: 'seed',
  matches: (template) => template.includes('<seed:tool_call>'),
  openers: ['<seed:tool_call>'],
  read: openedBy(
    ['<seed:tool_call>'],
    closedBy(severalCalls(taggedCall({ ...xmlForm, closers: ['</function>'] }), ''), '</seed:tool_call>'),
  ),
  form: xmlCallForm('<seed:tool_call>', '</seed:tool_call>'),
}

const llamaSyntax: ToolSyntax = {
  name: 'llama3-json',
  matches: (template) => template.includes('<|start_header_id|>') && template.includes('"parameters": \''),
  openers: ['<|python_tag|>'],
  read: openedBy(['<|python_tag|>'], severalCalls(jsonCalls({ strict: false }), ';')),
  readBare: severalCalls(jsonCalls({ strict: true }), ';'),
  form: jsonForm((name) => `{"name": ${name}, "parameters": `, '}'),
}

const mistralNamed = namedCall({
  nameEnd: '[ARGS]',
  closers: [],
  toName: (written) => written.split('[CALL_ID]')[0] ?? written,
})
const readMistral = openedBy(['[TOOL_CALLS]'], firstThatReads(jsonCalls({ strict: false }), mistralNamed))

const mistralArgsSyntax: ToolSyntax = {
  name: 'mistral-args',
  matches: (template) => template.includes('[TOOL_CALLS]') && template.includes('[ARGS]'),
  openers: ['[TOOL_CALLS]'],
  read: readMistral,
  form: namedForm((name) => `[TOOL_CALLS]${name}[ARGS]`, ''),
}

const mistralSyntax: ToolSyntax = {
  name: 'mistral',
  matches: (template) => template.includes('[TOOL_CALLS]'),
  openers: ['[TOOL_CALLS]'],
  read: readMistral,
  form: jsonForm((name) => `[TOOL_CALLS][{"name": ${name}, "arguments": `, '}]'),
}

const deepseekOpen = '<｜tool▁call▁begin｜>'
const deepseekClosers = ['```', '<｜tool▁call▁end｜>', '<｜tool▁calls▁end｜>']

/** `function<｜tool▁sep｜>name` and a fenced JSON text on the next lines, or `name<｜tool▁sep｜>` and the JSON text. */
const readDeepseek = firstThatReads(
  openedBy(['function<｜tool▁sep｜>'], namedCall({ nameEnd: '\n', fence: '```json', closers: deepseekClosers })),
  namedCall({ nameEnd: '<｜tool▁sep｜>', closers: deepseekClosers }),
)
const readDeepseekSection = firstThatReads(
  openedBy(['<｜tool▁calls▁begin｜>'], openedBy([deepseekOpen], readDeepseek)),
  openedBy([deepseekOpen], readDeepseek),
)

const deepseekSyntax: ToolSyntax = {
  name: 'deepseek-r1',
  matches: (template) => template.includes(deepseekOpen) && template.includes('```json'),
  openers: ['<｜tool▁calls▁begin｜>', deepseekOpen],
  read: readDeepseekSection,
  form: namedForm(
    (name) => `<｜tool▁calls▁begin｜>${deepseekOpen}function<｜tool▁sep｜>${name}\n\`\`\`json\n`,
    '\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
  ),
}

const deepseekPlainSyntax: ToolSyntax = {
  name: 'deepseek-v3.1',
  matches: (template) => template.includes(deepseekOpen),
  openers: ['<｜tool▁calls▁begin｜>', deepseekOpen],
  read: readDeepseekSection,
  form: namedForm(
    (name) => `<｜tool▁calls▁begin｜>${deepseekOpen}${name}<｜tool▁sep｜>`,
    '<｜tool▁call▁end｜><｜tool▁calls▁end｜>',
  ),
}

const kimiOpen = '<|tool_call_begin|>'
const kimiSection = '<|tool_calls_section_begin|>'
const readKimi = namedCall({
  nameEnd: '<|tool_call_argument_begin|>',
  closers: ['<|tool_call_end|>', '<|tool_calls_section_end|>'],
  toName: (written) => written.replace(/^functions\./, '').replace(/:\d+$/, ''),
})
const kimiSyntax: ToolSyntax = {
  name: 'kimi-k2',
  matches: (template) => template.includes(kimiOpen),
  openers: [kimiSection, kimiOpen],
  read: firstThatReads(openedBy([kimiSection], openedBy([kimiOpen], readKimi)), openedBy([kimiOpen], readKimi)),
  form: namedForm(
    (name) => `${kimiSection}${kimiOpen}functions.${name}:0<|tool_call_argument_begin|>`,
    '<|tool_call_end|><|tool_calls_section_end|>',
  ),
}

const functionTagSyntax: ToolSyntax = {
  name: 'functionary-v3.1',
  matches: (template) => /<function=(?!.*<parameter=)/s.test(template) && template.includes('</function>'),
  openers: ['<function='],
  read: openedBy(['<function='], namedCall({ nameEnd: '>', closers: ['</function>'] })),
  form: namedForm((name) => `<function=${name}>`, '</function>'),
}

/** Lists of JSON calls, and what is around them. */
interface ListMarkers {
  readonly name: string
  readonly open: string
  readonly close: string
  readonly keys?: readonly [name: string, arguments: string]
}
const listMarkers: readonly ListMarkers[] = [
  { name: 'nemotron', open: '<TOOLCALL>', close: '</TOOLCALL>' },
  { name: 'command-r7b', open: '<|START_ACTION|>', close: '<|END_ACTION|>', keys: ['tool_name', 'parameters'] },
  { name: 'granite', open: '<|tool_call|>', close: '' },
  { name: 'firefunction', open: 'functools', close: '' },
]
const listSyntaxes = listMarkers.map(
  ({ name, open, close, keys = ['name', 'arguments'] }): ToolSyntax => ({
    name,
    matches: (template) => template.includes(open),
    openers: [open],
    read: openedBy([open], closedBy(jsonCalls({ strict: false }), ...(close === '' ? [] : [close]))),
    form: jsonForm((tool) => `${open}[{"${keys[0]}": ${tool}, "${keys[1]}": `, `}]${close}`),
  }),
)

/** Calls are messages to a function on a channel of their own; channels.ts reads them. */
const harmonySyntax: ToolSyntax = {
  name: 'harmony',
  matches: hasChannels,
  openers: [],
  read: openedBy([], jsonCalls({ strict: false })),
  form: namedForm((name) => `<|channel|>commentary to=functions.${name} <|constrain|>json<|message|>`, ''),
}

/** The more telling ones first. */
const syntaxes: readonly ToolSyntax[] = [
  harmonySyntax,
  mistralArgsSyntax,
  mistralSyntax,
  deepseekSyntax,
  deepseekPlainSyntax,
  kimiSyntax,
  seedSyntax,
  xmlSyntax,
  keyValueSyntax,
  hermesSyntax,
  functionTagSyntax,
  ...listSyntaxes,
  llamaSyntax,
]

/** The syntax that a template teaches its model, or undefined when it is none we read. */
export function toolSyntaxOf(template: string): ToolSyntax | undefined {
  return syntaxes.find((syntax) => syntax.matches(template))
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { chatOptions, completionOptions } from '../../../src/inference/predict-options.ts'
import type { ChatMessage, ChatRequest, ToolDefinition } from '../../../src/inference/request.ts'
import { type ModelFile, parseModelFile } from '../../../src/models/config-schema.ts'
import { type TemplateTexts, toPromptConfig } from '../../../src/models/prompt-config.ts'
import { toModelConfig } from '../../../src/models/to-model-config.ts'

/** A model as its YAML says, without any file. */
function model(yaml: string) {
  const file = parseModelFile(parse(yaml))
  return toModelConfig(file, { name: 'm', modelFile: '/models/m.gguf', templates: templatesOf(file) }, {})
}

function templatesOf({ template = {} }: ModelFile): TemplateTexts {
  const entries = Object.entries(template).map(([key, text]) => [key, { name: `template.${key}`, text: String(text) }])
  return Object.fromEntries(entries)
}

function chat(yaml: string, request: Partial<ChatRequest>) {
  return chatOptions({ model: 'm', messages: [], sampling: {}, ...request }, model(yaml), () => 0.5)
}
const promptOf = (yaml: string, messages: readonly ChatMessage[], more: Partial<ChatRequest> = {}) =>
  chat(yaml, { messages, ...more }).Prompt

const talk: readonly ChatMessage[] = [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: 'Hi' },
  { role: 'assistant', content: 'Hello!' },
  { role: 'user', content: 'Weather in Rome?' },
]
const weather: ToolDefinition = {
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
}
const called: readonly ChatMessage[] = [
  { role: 'user', content: 'Weather in Rome?' },
  {
    role: 'assistant',
    content: '',
    toolCalls: [{ id: 'call_1', name: 'get_weather', arguments: '{"city":"Rome"}' }],
  },
  { role: 'tool', content: '{"sky":"blue"}', toolCallId: 'call_1' },
]

const CHATML = String.raw`
template:
  chat_message: |
    <|im_start|>{{ .RoleName }}
    {{ if .FunctionCall -}}
    Function call:
    {{ else if eq .RoleName "tool" -}}
    Function response of {{ .FunctionName }}:
    {{ end -}}
    {{ if .Content -}}
    {{ .Content }}
    {{ end -}}
    {{ if .FunctionCall -}}
    {{ toJson .FunctionCall }}
    {{ end -}}<|im_end|>
  function: |
    <|im_start|>system
    Functions:
    {{ range .Functions -}}
    {'name': '{{ .Name }}', 'description': '{{ .Description }}', 'parameters': {{ toJson .Parameters }} }
    {{ end -}}
    <|im_end|>
    {{ .Input -}}
    <|im_start|>assistant
  chat: |
    {{ .Input -}}
    <|im_start|>assistant
  completion: |
    {{ .Input }}
  join_chat_messages_by_character: ""
`

describe('a conversation by templates of the form chatml', () => {
  it('is written message by message, and asks for the answer', () => {
    assert.equal(
      promptOf(CHATML, talk),
      '<|im_start|>system\nBe brief.\n<|im_end|>\n<|im_start|>user\nHi\n<|im_end|>\n' +
        '<|im_start|>assistant\nHello!\n<|im_end|>\n<|im_start|>user\nWeather in Rome?\n<|im_end|>\n' +
        '<|im_start|>assistant\n',
    )
  })

  it('has calls and their results, whose function it knows', () => {
    assert.equal(
      promptOf(CHATML, called),
      '<|im_start|>user\nWeather in Rome?\n<|im_end|>\n<|im_start|>assistant\nFunction call:\n' +
        '[{"index":0,"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\\"city\\":\\"Rome\\"}"}}]\n' +
        '<|im_end|>\n<|im_start|>tool\nFunction response of get_weather:\n{"sky":"blue"}\n<|im_end|>\n' +
        '<|im_start|>assistant\n',
    )
  })

  it('tells of tools by the template for them, with the one that means an answer in text', () => {
    const { Prompt = '', Grammar } = chat(CHATML, { messages: talk.slice(1, 2), tools: [weather] })
    assert.match(
      Prompt,
      /^<\|im_start\|>system\nFunctions:\n\{'name': 'get_weather', 'description': 'The weather of a city', 'parameters': \{"properties":\{"city":\{"type":"string"\}\},"required":\["city"\],"type":"object"\} \}\n\{'name': 'answer', 'description': 'use this action to answer without performing any action'/,
    )
    assert.ok(Prompt.endsWith('<|im_end|>\n<|im_start|>user\nHi\n<|im_end|>\n<|im_start|>assistant\n'))
    assert.match(Grammar ?? '', /get_weather/)
  })

  it('tells of no tools when none may be called, and of one when it must be', () => {
    const none = chat(CHATML, { messages: talk, tools: [weather], toolChoice: 'none' })
    assert.doesNotMatch(none.Prompt ?? '', /Functions/)
    assert.equal(none.Grammar, undefined)
    const tools = [weather, { name: 'other' }]
    const one = chat(CHATML, { messages: talk, tools, toolChoice: { name: 'other' } })
    assert.match(one.Prompt ?? '', /'other'/)
    assert.doesNotMatch(`${one.Prompt} ${one.Grammar}`, /get_weather|'answer'/)
  })
})

describe('a conversation by templates of the form llama3', () => {
  const LLAMA = String.raw`
system_prompt: Always be kind.
function:
  disable_no_action: true
  grammar: {disable: true}
template:
  chat_message: |
    <|start_header_id|>{{if eq .RoleName "assistant"}}assistant{{else if eq .RoleName "system"}}system{{else if eq .RoleName "tool"}}tool{{else if eq .RoleName "user"}}user{{end}}<|end_header_id|>

    {{ if .Content -}}
    {{.Content -}}
    {{ else if .FunctionCall -}}
    {{ range .FunctionCall }}[{{ .FunctionCall.Name }}({{ .FunctionCall.Arguments }})]{{ end -}}
    {{ end -}}
    <|eot_id|>
  function: |
    <|start_header_id|>system<|end_header_id|>

    {{ .SystemPrompt }}{{ $tools := "" }}{{ range $i, $f := .Functions }}{{ if $i }}, {{ end }}{{ toJson $f }}{{ end }}<|eot_id|>{{ .Input -}}
    <|start_header_id|>assistant<|end_header_id|>
  chat: |
    {{ .Input }}
    <|start_header_id|>assistant<|end_header_id|>
`
  it('has headers, and calls in brackets', () => {
    assert.equal(
      promptOf(LLAMA, called),
      '<|start_header_id|>user<|end_header_id|>\n\nWeather in Rome?<|eot_id|>\n\n' +
        '<|start_header_id|>assistant<|end_header_id|>\n\n[get_weather({"city":"Rome"})]<|eot_id|>\n\n' +
        '<|start_header_id|>tool<|end_header_id|>\n\n{"sky":"blue"}<|eot_id|>\n\n' +
        '<|start_header_id|>assistant<|end_header_id|>\n',
    )
  })

  it('tells of tools as JSON in the order of the fields, without a grammar when there shall be none', () => {
    const { Prompt = '', Grammar } = chat(LLAMA, { messages: talk.slice(1, 2), tools: [weather, { name: 'b' }] })
    assert.ok(
      Prompt.includes(
        'Always be kind.{"name":"get_weather","description":"The weather of a city","strict":false,"parameters":' +
          '{"properties":{"city":{"type":"string"}},"required":["city"],"type":"object"}}, ' +
          '{"name":"b","description":"","strict":false,"parameters":{}}<|eot_id|>',
      ),
      Prompt,
    )
    assert.equal(Grammar, undefined)
  })
})

describe('a conversation by templates of the form mistral and by roles', () => {
  const MISTRAL = String.raw`
template:
  chat: "<s>{{ if .SystemPrompt }}{{ if not .SuppressSystemPrompt }}[SYS]{{ .SystemPrompt }}[/SYS]{{ end }}{{ end }}{{ .Input }}"
  join_chat_messages_by_character: ""
roles: {user: "[INST] ", system: "[SYS] ", assistant: "[/INST] ", assistant_function_call: "[CALL]"}
system_prompt: Default.
`
  it('puts what stands for the role in front', () => {
    assert.equal(promptOf(MISTRAL, talk), '<s>[SYS] Be brief.[INST] Hi[/INST] Hello![INST] Weather in Rome?')
  })

  it("uses the configuration's system prompt where the conversation brings none", () => {
    assert.equal(promptOf(MISTRAL, talk.slice(1, 2)), '<s>[SYS]Default.[/SYS][INST] Hi')
  })

  it('writes calls as JSON behind the role for calls', () => {
    const calls =
      '[{"id":"call_1","type":"function","function":{"name":"get_weather","arguments":"{\\"city\\":\\"Rome\\"}"}}]'
    const withText = [{ ...called[1], content: 'Let me see.' } as ChatMessage]
    assert.equal(promptOf(MISTRAL, withText), `<s>[SYS]Default.[/SYS][CALL]Let me see.\n[CALL] ${calls}`)
  })

  it('treats what a developer says as what the system says', () => {
    assert.equal(promptOf(MISTRAL, [{ role: 'developer', content: 'Short.' }]), '<s>[SYS] Short.')
  })
})

describe('parts of a prompt', () => {
  it('are joined by a line break unless said otherwise, and blank messages are dropped', () => {
    const yaml = 'template: {chat_message: "{{ if ne .Content \\"x\\" }}{{ .Content }}{{ end }}"}'
    const messages = ['a', 'x', 'b'].map((content) => ({ role: 'user', content }) as const)
    assert.equal(promptOf(yaml, messages), 'a\nb')
  })

  it('know their places', () => {
    const yaml =
      'template: {chat_message: "{{ .MessageIndex }}{{ .LastMessage }}{{ .Function }}{{ .Role }}"}\nroles: {user: U}'
    assert.equal(promptOf(yaml, talk.slice(1, 3)), '0falsefalseU\n1truefalse')
    const grammar = chat(yaml, { messages: talk.slice(1, 2), responseFormat: { type: 'json-object' } })
    assert.equal(grammar.Prompt, '0truetrueU')
  })

  it('know what the request says beside', () => {
    const yaml = 'template: {chat: "{{ .ReasoningEffort }} {{ index .Metadata \\"k\\" }} {{ len .Functions }}"}'
    assert.equal(promptOf(yaml, talk, { metadata: { reasoning_effort: 'low', k: 'v' } }), 'low v 0')
  })

  it('name the template, the line and the column when they are wrong', () => {
    assert.throws(() => promptOf('template: {chat: "a\\n{{ .Inptu }}"}', talk), {
      code: 'model.config-invalid',
      message: /^template template\.chat:2:4: there is no field Inptu here/,
    })
  })
})

describe('who makes the prompt', () => {
  const style = (yaml: string, guesses = true) => {
    const file = parseModelFile(parse(yaml))
    return toPromptConfig(file, templatesOf(file), guesses).style
  }

  it('is the backend where nothing is said, and where it is said', () => {
    assert.equal(style('name: m'), 'tokenizer')
    assert.equal(style('template: {completion: x}'), 'tokenizer')
    assert.equal(style('template: {chat: x, use_tokenizer_template: true}'), 'tokenizer')
    const options = chat('template: {chat: x, use_tokenizer_template: true}', { messages: talk })
    assert.equal(options.UseTokenizerTemplate, true)
    assert.equal(options.Prompt, undefined)
  })

  it('is the node where there are templates, or where nothing shall be guessed', () => {
    assert.equal(style('template: {chat: x}'), 'templates')
    assert.equal(style('template: {chat_message: x}'), 'templates')
    assert.equal(style('name: m', false), 'templates')
  })
})

describe('prompts of other kinds', () => {
  const yaml = 'template: {completion: "C {{ .Input }}", edit: "E {{ .Instruction }}: {{ .Input }}"}'
  const complete = (request: object, text = yaml) =>
    completionOptions({ model: 'm', prompt: 'Once', sampling: {}, ...request }, model(text), () => 0.5).Prompt

  it('are by their templates', () => {
    assert.equal(complete({}), 'C Once')
    assert.equal(complete({ edit: { instruction: 'shorten', input: 'long' } }), 'E shorten: long')
  })

  it('are as they came without', () => {
    assert.equal(complete({}, 'name: m'), 'Once')
    assert.equal(complete({ edit: { instruction: 'shorten', input: 'long' } }, 'name: m'), 'Once')
  })
})

import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { getLlama, type Llama, LlamaLogLevel, readGgufFileInfo } from 'node-llama-cpp'
import { AppError, type ErrorCode } from '../../../src/base/errors.ts'
import {
  CHATML_TEMPLATE,
  type ChatFormatInput,
  type ChatTurn,
  createChatFormat,
} from '../../../src/builtin/llama-cpp/chat-format/chat-format.ts'
import { compileTemplate } from '../../../src/builtin/llama-cpp/chat-format/template-engine.ts'
import { fixtureFormat, planTool, stillClock, templateText, weatherTool } from '../../support/chat-fixtures.ts'

const tinyChat = new URL('../../../assets/models/tiny-chat-q8_0.gguf', import.meta.url)
const fixtures = readdirSync(new URL('../../fixtures/chat-templates', import.meta.url)).map((file) =>
  file.replace('.jinja', ''),
)

const system: ChatTurn = { role: 'system', content: 'Be brief.' }
const question: ChatTurn = { role: 'user', content: 'What is the weather in Oslo?' }
const call: ChatTurn = {
  role: 'assistant',
  content: '',
  toolCalls: [{ id: 'call_abcdefghijklmnopqrstuvwx', name: 'get_weather', arguments: '{"city": "Oslo"}' }],
}
const result: ChatTurn = { role: 'tool', content: '{"temperature": 20}', toolCallId: 'call_abcdefghijklmnopqrstuvwx' }

function chat(messages: readonly ChatTurn[], more: Partial<ChatFormatInput> = {}): ChatFormatInput {
  return { messages, tools: [], toolChoice: 'auto', ...more }
}

function refusal(code: ErrorCode, words: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof AppError && error.code === code && words.test(error.message)
}

describe('tiny-chat is asked in the very words it was trained on', () => {
  let template = ''
  before(async () => {
    const { metadata } = await readGgufFileInfo(tinyChat.pathname, { readTensorInfo: false, logWarnings: false })
    template = metadata.tokenizer?.chat_template ?? ''
  })
  const toolsText =
    '# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function ' +
    'signatures within <tools></tools> XML tags:\n<tools>\n{"type": "function", "function": {"name": "get_weather", ' +
    '"description": "Get the weather of a city", "parameters": {"type": "object", "properties": {"city": {"type": ' +
    '"string"}}, "required": ["city"]}}}\n</tools>\n\nFor each function call, return a json object with function name ' +
    'and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": ' +
    '<args-json-object>}\n</tool_call>'
  const turn = (role: string, content: string): string => `<|im_start|>${role}\n${content}<|im_end|>\n`

  it('in a chat', () => {
    const { prompt, grammar, stop } = fixtureFormat('', template).render(chat([system, question]))
    assert.equal(prompt, `${turn('system', 'Be brief.')}${turn('user', question.content)}<|im_start|>assistant\n`)
    assert.equal(grammar, undefined)
    assert.deepEqual(stop, ['<|im_end|>'])
  })

  it('with tools, a call and its result', () => {
    const format = fixtureFormat('', template)
    assert.equal(format.supportsTools, true)
    assert.equal(format.toolSyntax, 'hermes')
    const { prompt } = format.render(chat([question, call, result], { tools: [weatherTool] }))
    const called = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>'
    assert.equal(
      prompt,
      turn('system', toolsText) +
        turn('user', question.content) +
        turn('assistant', called) +
        turn('user', '<tool_response>\n{"temperature": 20}\n</tool_response>') +
        '<|im_start|>assistant\n',
    )
    const withSystem = format.render(chat([system, question], { tools: [weatherTool] })).prompt
    assert.ok(withSystem.startsWith(turn('system', `Be brief.\n\n${toolsText}`)))
  })
})

describe("every template renders as llama.cpp's own template engine does", () => {
  let llama: Llama
  before(async () => {
    llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error })
  })
  after(async () => {
    await llama.dispose()
  })

  /** node-llama-cpp keeps the renderer to itself. */
  function nativeRender(template: string, variables: object): string {
    const { _bindings: bindings } = llama as unknown as {
      _bindings: { AddonJinjaRenderer: new (template: string) => { render(variables: object): string } }
    }
    return new bindings.AddonJinjaRenderer(template).render(variables)
  }

  const tools = [
    {
      type: 'function',
      function: { name: 'f', description: 'é "<b>"', parameters: { type: 'object', properties: {} } },
    },
  ]
  const called = {
    role: 'assistant',
    content: '',
    tool_calls: [
      { id: 'abcdefghi', type: 'function', function: { name: 'f', arguments: { n: 1.5, s: ['é', null, true] } } },
    ],
  }
  const user = { role: 'user', content: 'Hi' }
  const conversations = [
    { messages: [user] },
    { messages: [user, { role: 'assistant', content: 'Yes.' }, user] },
    { messages: [user], enable_thinking: false },
    { messages: [user, called, { role: 'tool', content: 'R', tool_call_id: 'abcdefghi', name: 'f' }], tools },
  ]
  for (const name of fixtures.filter((fixture) => fixture !== 'content-parts')) {
    it(name, () => {
      for (const conversation of conversations) {
        if ('tools' in conversation && !fixtureFormat(name).supportsTools) continue
        const variables = {
          bos_token: '<s>',
          eos_token: '</s>',
          date_string: '03 Feb 2026',
          add_generation_prompt: true,
          ...conversation,
        }
        const template = templateText(name)
        assert.equal(compileTemplate(template, stillClock).render(variables), nativeRender(template, variables))
      }
    })
  }
})

describe('a conversation becomes a prompt', () => {
  it('in ChatML for models without a template', () => {
    const { prompt, stop } = fixtureFormat('', CHATML_TEMPLATE).render(chat([system, question]))
    assert.equal(
      prompt,
      '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat is the weather in Oslo?<|im_end|>\n<|im_start|>assistant\n',
    )
    assert.deepEqual(stop, ['<|im_end|>'])
  })

  it('with the developer as the system', () => {
    const { prompt } = fixtureFormat('chatml-default-system').render(
      chat([{ role: 'developer', content: 'D' }, question]),
    )
    assert.ok(prompt.startsWith('<|im_start|>system\nD<|im_end|>'))
  })

  it('with the system in front of what the user says where there is no system role', () => {
    const { prompt } = fixtureFormat('without-system').render(chat([system, question]))
    assert.equal(
      prompt,
      '<s><start_of_turn>user\nBe brief.\n\nWhat is the weather in Oslo?<end_of_turn>\n<start_of_turn>model\n',
    )
    const alone = fixtureFormat('without-system').render(chat([system])).prompt
    assert.equal(alone, '<s><start_of_turn>user\nBe brief.<end_of_turn>\n<start_of_turn>model\n')
  })

  it('in parts of content where the template wants them', () => {
    assert.equal(
      fixtureFormat('content-parts').render(chat([system, question])).prompt,
      '<|system|>Be brief.<|end|>\n<|user|>What is the weather in Oslo?<|end|>\n<|assistant|>',
    )
  })

  it('with ids of the length a template insists on, the same for a call and its result', () => {
    const { prompt } = fixtureFormat('alternating-list').render(
      chat([question, call, result], { tools: [weatherTool] }),
    )
    const [, called] = /"id": "([a-z0-9]{9})"/.exec(prompt) ?? []
    const [, answered] = /"call_id": "([a-z0-9]{9})"/.exec(prompt) ?? []
    assert.ok(called !== undefined)
    assert.equal(called, answered)
  })

  it('with the name of the function on its result, and the thoughts that led to a call', () => {
    const thought = { ...call, reasoning: 'I have to look.' }
    const { prompt } = fixtureFormat('channels').render(chat([question, thought, result], { tools: [weatherTool] }))
    assert.ok(prompt.includes('<|channel|>analysis<|message|>I have to look.<|end|>'))
    const named = templateText('channels').replace(
      "'<|start|>functions.' + last.name",
      "'<|start|>functions.' + message.name",
    )
    assert.equal(
      fixtureFormat('', named).render(chat([question, thought, result], { tools: [weatherTool] })).prompt,
      prompt,
    )
    const later = fixtureFormat('thinking-switch').render(
      chat([question, { role: 'assistant', content: 'Cold.', reasoning: 'It is winter.' }, question]),
    )
    assert.ok(later.prompt.includes('<think>\nIt is winter.\n</think>\n\nCold.<|im_end|>'))
  })

  it('with a call that was cut off before its arguments were whole', () => {
    const turns = (text: string): ChatTurn[] => [
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: '', toolCalls: [{ id: 'call_1', name: 'get_weather', arguments: text }] },
      { role: 'tool', toolCallId: 'call_1', content: 'no such city' },
    ]
    for (const template of ['tagged-parameters', 'key-values', 'thinking-switch', 'named-arguments']) {
      for (const text of ['{"city": "Os', 'null', '[1]']) {
        const { prompt } = fixtureFormat(template).render({
          messages: turns(text),
          tools: [weatherTool],
          toolChoice: 'auto',
        })
        const spoken = prompt.slice(prompt.indexOf('Weather?'))
        assert.ok(spoken.includes('get_weather') && spoken.includes('no such city'), `${template}: ${spoken}`)
      }
    }
  })

  it('with whole characters only, where the arguments of a call were cut inside of one', () => {
    const messages: ChatTurn[] = [
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: '',
        toolCalls: [{ id: 'a', name: 'get_weather', arguments: '{"city":"Os\\ud83d"}' }],
      },
      { role: 'tool', toolCallId: 'a', content: 'no such city' },
    ]
    for (const template of ['tagged-parameters', 'key-values']) {
      const { prompt } = fixtureFormat(template).render({ messages, tools: [weatherTool], toolChoice: 'auto' })
      assert.ok(prompt.includes('Os\uFFFD'), prompt)
      assert.ok(prompt.isWellFormed())
    }
  })

  it('with today as the template asks for it', () => {
    const prompt = fixtureFormat('header-json').render(chat([question])).prompt
    assert.ok(prompt.includes('Today is 03 Feb 2026.'))
    const template = "{{ strftime_now('%d.%m.%Y %H:%M:%S %B %b %q%%') }}{{ messages[0].content }}"
    assert.ok(
      fixtureFormat('', template)
        .render(chat([question]))
        .prompt.startsWith('03.02.2026 04:05:06 February Feb %q%'),
    )
  })

  it('with tools described in words where the template knows none', () => {
    const format = fixtureFormat('without-system')
    assert.equal(format.supportsTools, false)
    const { prompt } = format.render(chat([question, call, result, result], { tools: [weatherTool] }))
    assert.ok(
      prompt.includes('{"type": "function", "function": {"name": "get_weather", "description": "Get the weather'),
    )
    assert.ok(prompt.includes('<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>'))
    assert.equal(prompt.split('<start_of_turn>user').length, 3)
    assert.equal(prompt.split('<tool_response>\n{"temperature": 20}\n</tool_response>').length, 3)
  })

  it('without a word of the tools when none may be used', () => {
    for (const name of fixtures) {
      const rendered = fixtureFormat(name).render(chat([question], { tools: [weatherTool], toolChoice: 'none' }))
      assert.ok(!rendered.prompt.includes('get_weather'), name)
      assert.equal(rendered.grammar, undefined)
      assert.equal(rendered.prompt, fixtureFormat(name).render(chat([question])).prompt)
    }
  })

  it('with the descriptions a template cannot do without', () => {
    const template =
      '{% for t in tools or [] %}{{ t.function.name + t.function.description + t.function.parameters.properties.to.description }}{% endfor %}' +
      '{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}<tool_call>{"arguments": {{ c.function.arguments | tojson }}, "name": "{{ c.function.name }}"}</tool_call>{% endfor %}{% endfor %}'
    const needy = template.replace(
      't.function.parameters.properties.to.description',
      '(t.function.parameters.properties.values() | list)[0].description | trim',
    )
    const format = fixtureFormat('', needy)
    assert.equal(format.supportsTools, true)
    assert.ok(format.render(chat([question], { tools: [planTool] })).prompt.startsWith('plan_trip'))
  })

  it('thinking or not', () => {
    const format = fixtureFormat('thinking-switch')
    assert.equal(format.supportsThinking, true)
    assert.ok(format.render(chat([question], { enableThinking: false })).prompt.endsWith('<think>\n\n</think>\n\n'))
    assert.ok(format.render(chat([question])).prompt.endsWith('<|im_start|>assistant\n'))
    assert.equal(fixtureFormat('chatml-default-system').supportsThinking, false)
  })

  it('with the values that the caller has for the variables of the template, but for those of the conversation', () => {
    const format = createChatFormat({
      template: "{{ reasoning_effort | default('medium') }} {{ topics | join(',') }} {{ messages[0].content }}",
      bosToken: '',
      eosToken: '',
    })
    const templateValues = { reasoning_effort: 'high', topics: ['a', 'b'], messages: [] }
    assert.equal(format.render(chat([{ role: 'user', content: 'hi' }], { templateValues })).prompt, 'high a,b hi')
    assert.throws(
      () => format.render(chat([{ role: 'user', content: 'hi' }], { templateValues: { topics: 7 } })),
      (error) =>
        error instanceof AppError && error.code === 'request.invalid' && /^chat_template_kwargs: /.test(error.message),
    )
  })

  it('past the thoughts when the whole answer is constrained', () => {
    const constrained = chat([question], { answerGrammar: 'root ::= "yes"', tools: [weatherTool] })
    const opened = fixtureFormat('thinking-opened').render(constrained)
    assert.ok(opened.prompt.endsWith('<think>\n</think>\n\n'))
    assert.deepEqual(opened.parser.push('{"a": 1}'), [{ type: 'content', text: '{"a": 1}' }])
    assert.ok(fixtureFormat('channels').render(constrained).prompt.endsWith('<|channel|>final<|message|>'))
  })
})

describe('a conversation that cannot be', () => {
  it("is refused with the template's words", () => {
    const format = fixtureFormat('alternating-list')
    const twice = chat([question, question])
    assert.throws(
      () => format.render(twice),
      refusal('request.invalid', /Turns of user and assistant have to alternate/),
    )
    const two = { ...call, toolCalls: [...(call.toolCalls ?? []), ...(call.toolCalls ?? [])] }
    const calls = chat([question, two], { tools: [weatherTool] })
    assert.throws(() => fixtureFormat('header-json').render(calls), refusal('request.invalid', /One call at a time/))
  })

  it('is refused when the chosen function is not there', () => {
    const format = fixtureFormat('thinking-switch')
    const unknown = chat([question], { tools: [weatherTool], toolChoice: { name: 'other' } })
    assert.throws(() => format.render(unknown), refusal('request.invalid', /not among the tools/))
    assert.throws(
      () => format.render(chat([question], { toolChoice: 'required' })),
      refusal('request.invalid', /needs tools/),
    )
  })

  it('is refused when it is too long', () => {
    const template = '{% for m in messages %}{% for i in range(2000) %}{{ m.content }}{% endfor %}{% endfor %}'
    const long = chat([{ role: 'user', content: 'x'.repeat(10_000) }])
    assert.throws(() => fixtureFormat('', template).render(long), refusal('request.too-large', /longer than/))
  })
})

describe('a template out of a hostile file', () => {
  const broken: readonly [string, string, RegExp][] = [
    ['does not compile', '{% for x in %}', /does not compile/],
    ['is endless in length', 'x'.repeat(1_100_000), /longer than/],
  ]
  for (const [name, template, words] of broken) {
    it(`is refused: it ${name}`, () => {
      assert.throws(
        () => createChatFormat({ template, bosToken: '', eosToken: '' }),
        refusal('model.file-invalid', words),
      )
    })
  }

  const failing: readonly [string, string, RegExp][] = [
    ['calls what is nothing', '{{ nothing() }}', /fails on this conversation/],
    ['counts far', '{% for i in range(1000000000) %}{% endfor %}', /range\(\) is too long/],
    [
      'loops in loops',
      '{% for i in range(90000) %}{% for j in range(90000) %}{% endfor %}{% endfor %}',
      /takes too long/,
    ],
    ['calls itself', '{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}', /fails on this conversation/],
  ]
  for (const [name, template, words] of failing) {
    it(`fails alone: it ${name}`, () => {
      const guarded = `{% if messages[0].content == 'go' %}${template}{% endif %}`
      const format = createChatFormat({ template: guarded, bosToken: '', eosToken: '' })
      assert.throws(() => format.render(chat([{ role: 'user', content: 'go' }])), refusal('model.file-invalid', words))
    })
  }

  it('fails alone: its steps are few and slow', () => {
    let elapsed = 0
    const elapsedMs = (): number => {
      elapsed += 100
      return elapsed
    }
    const template = compileTemplate('{% for i in range(9000) %}{{ i }}{% endfor %}', { ...stillClock, elapsedMs })
    assert.throws(() => template.render({}), refusal('model.file-invalid', /takes too long/))
  })

  it('reaches nothing of this process', () => {
    const probes = [
      'messages.constructor',
      "messages['__proto__']",
      'range.constructor',
      'process',
      'globalThis',
      'require',
    ]
    for (const probe of probes) {
      const template = `{% if messages[0].content == 'go' %}[{{ ${probe} is defined }}]{% endif %}`
      const format = createChatFormat({ template, bosToken: '', eosToken: '' })
      assert.ok(!format.render(chat([{ role: 'user', content: 'go' }])).prompt.includes('true'), probe)
    }
  })
})

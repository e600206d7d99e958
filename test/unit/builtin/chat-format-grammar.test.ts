import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp'
import Schema from 'typebox/schema'
import type { ChatFormatInput, ChatTool, RenderedChat } from '../../../src/builtin/llama-cpp/chat-format/chat-format.ts'
import { hermesSyntax, toolSyntaxOf } from '../../../src/builtin/llama-cpp/chat-format/tool-syntax.ts'
import { restOfGrammar } from '../../../src/builtin/llama-cpp/text/rest-of-grammar.ts'
import { fixtureFormat, planTool, readPieces, templateText, weatherTool } from '../../support/chat-fixtures.ts'
import { createGbnfSampler } from '../../support/gbnf.ts'
import { llamaGrammarTest } from '../../support/llama-grammar.ts'
import { seededRandom } from '../../support/random.ts'

const templates = [
  'thinking-switch',
  'thinking-opened',
  'chatml-default-system',
  'header-json',
  'alternating-list',
  'named-arguments',
  'fenced-calls',
  'separated-calls',
  'tagged-parameters',
  'key-values',
  'channels',
]
const freeTool: ChatTool = { name: 'remember' }
const oddTool: ChatTool = {
  name: 'odd',
  parameters: { type: 'object', properties: { x: { type: 'string' } }, patternProperties: { '^a': {} } },
}
const emptyTool: ChatTool = { name: 'now', parameters: { type: 'object', properties: {} } }
/** Texts that look like something else. */
const codeTool: ChatTool = {
  name: 'dial',
  parameters: {
    type: 'object',
    properties: {
      prefix: { enum: ['1', '44'] },
      kind: { type: 'string', const: 'true' },
      extension: { anyOf: [{ type: 'string', pattern: '^[0-9]{2}$' }, { type: 'null' }] },
    },
    required: ['prefix', 'kind'],
  },
}
/** As models of pydantic come: their parts are elsewhere, and one has parts of its own kind. */
const nestedTool: ChatTool = {
  name: 'draw',
  parameters: {
    type: 'object',
    properties: {
      'the/shape~%41': { $ref: '#/$defs/Shape' },
      next: { anyOf: [{ $ref: '#/$defs/Shape' }, { type: 'null' }] },
      tree: {
        $ref: '#/properties/tree/$defs/Tree',
        $defs: { Tree: { type: 'array', items: { $ref: '#/properties/tree' } } },
      },
    },
    required: ['the/shape~%41', 'tree'],
    $defs: {
      Shape: {
        type: 'object',
        properties: { side: { type: 'integer', minimum: 1 }, colour: { $ref: '#/$defs/Colour' } },
        required: ['side', 'colour'],
      },
      Colour: { type: 'string', enum: ['red', 'green'] },
    },
  },
}
const tools = [weatherTool, planTool, freeTool, oddTool, emptyTool, codeTool, nestedTool]

function forced(toolChoice: ChatFormatInput['toolChoice'], more: Partial<ChatFormatInput> = {}): ChatFormatInput {
  return { messages: [{ role: 'user', content: 'Hi' }], tools, toolChoice, ...more }
}

describe('a forced call', () => {
  let llama: Llama
  before(async () => {
    llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error })
  })
  after(async () => {
    await llama.dispose()
  })

  for (const template of templates) {
    it(`in the syntax of ${template} is read as one call whose arguments fit its schema`, async () => {
      const format = fixtureFormat(template)
      const random = seededRandom(5)
      const { grammar = '' } = format.render(forced('required'))
      const parsed: object = await llama.createGrammar({ grammar })
      assert.ok('_testText' in parsed && typeof parsed._testText === 'function')
      const sampler = createGbnfSampler(grammar)
      const seen = new Set<string>()
      for (let count = 0; count < 60; count += 1) {
        const text = sampler.sample(random)
        if (count < 5) assert.ok(parsed._testText(text) === true, `llama.cpp refuses ${text}`)
        const { calls, content } = readPieces(format.render(forced('required')).parser, [text])
        assert.equal(content, '', text)
        assert.equal(calls.length, 1, text)
        const [call] = calls
        const tool = tools.find(({ name }) => name === call?.name)
        const value: unknown = JSON.parse(call?.arguments ?? '')
        assert.ok(tool !== undefined)
        seen.add(tool.name)
        const schema = tool === oddTool ? { type: 'object' } : { type: 'object', ...tool.parameters }
        assert.ok(Schema.Compile(schema).Check(value), `${text} -> ${call?.arguments}`)
      }
      assert.equal(seen.size, tools.length)
    })
  }

  it('is of the function that is named', () => {
    const { grammar = '' } = fixtureFormat('thinking-switch').render(forced({ name: 'now' }))
    assert.ok(!grammar.includes('get_weather'))
    assert.ok(grammar.includes('now'))
  })

  it('comes after thoughts where the model may have some', async () => {
    const accepts = async (input: ChatFormatInput, text: string, template = 'thinking-switch'): Promise<boolean> => {
      const parsed: object = await llama.createGrammar({ grammar: fixtureFormat(template).render(input).grammar ?? '' })
      assert.ok('_testText' in parsed && typeof parsed._testText === 'function')
      return parsed._testText(text) === true
    }
    const call = '<tool_call>\n{"name": "now", "arguments": {}}\n</tool_call>'
    const thinking = forced({ name: 'now' })
    const silent = forced({ name: 'now' }, { enableThinking: false })
    assert.ok(await accepts(thinking, call))
    assert.ok(await accepts(thinking, `<think>Hm </thi <</think>\n\n${call}`))
    assert.ok(await accepts(silent, call))
    assert.ok(!(await accepts(silent, `<think>Hm</think>${call}`)))
    assert.ok(!(await accepts(thinking, `Well ${call}`)))
    assert.ok(!(await accepts(thinking, `${call}${call}`)))
    assert.ok(await accepts(thinking, `Hm</think>\n${call}`, 'thinking-opened'))
    assert.ok(!(await accepts(thinking, call, 'thinking-opened')))
  })
})

describe('an answer with strict tools', () => {
  let llama: Llama
  before(async () => {
    llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error })
  })
  after(async () => {
    await llama.dispose()
  })
  const strictTools = tools.map((tool) => ({ ...tool, strict: tool === weatherTool }))
  const strict = (more: Partial<ChatFormatInput> = {}) => forced('auto', { tools: strictTools, ...more })

  /** Free text, with every beginning of an opener in it, and one or two forced calls behind it. */
  for (const template of templates) {
    const openers = toolSyntaxOf(templateText(template))?.openers ?? hermesSyntax.openers
    if (openers.length === 0 || template === 'header-json') {
      it(`in the syntax of ${template} is not held to anything: its calls begin like other text`, () => {
        assert.equal(fixtureFormat(template).render(strict()).grammar, undefined)
      })
      continue
    }
    it(`in the syntax of ${template} is free, and its calls fit`, async () => {
      const format = fixtureFormat(template)
      const isOpen = template === 'thinking-opened'
      const thoughts = isOpen ? 'Hm</think>\n' : ''
      const accepts = await llamaGrammarTest(llama, format.render(strict()).grammar ?? '')
      const sampler = createGbnfSampler(format.render(forced('required', { enableThinking: isOpen })).grammar ?? '')
      const random = seededRandom(3)
      const sampleCall = (): string => {
        for (;;) {
          const text = sampler.sample(random)
          // Whatever the sampler takes for thoughts is none of the call.
          const from = Math.min(...openers.map((opener) => text.indexOf(opener)).filter((at) => at >= 0))
          if (text.length - from > 0) return text.slice(from)
        }
      }
      const cuts = openers.flatMap((opener) => [...opener].map((_, size) => [...opener].slice(0, size).join('')))
      const free = `Well, ${cuts.join(' ')} ${cuts.join('')}é 😀`
      assert.ok(accepts(`${thoughts}${free}`))
      assert.ok(accepts(thoughts === '' ? '' : thoughts))
      for (let count = 0; count < 4; count += 1) {
        const [first, second] = [sampleCall(), sampleCall()]
        assert.ok(accepts(`${thoughts}${first}`), first)
        assert.ok(accepts(`${thoughts}${free}${first}\n${second}`), `${first} ${second}`)
        assert.ok(!accepts(`${thoughts}${first} and so on`), first)
        assert.ok(
          !accepts(`${thoughts}${free}${first.replace(/get_weather|plan_trip|remember|odd|now|dial|draw/, 'nothing')}`),
        )
      }
      for (const opener of openers) assert.ok(!accepts(`${thoughts}${free}${opener}`), opener)
    })
  }

  it('may have thoughts about calls', async () => {
    const accepts = await llamaGrammarTest(llama, fixtureFormat('thinking-switch').render(strict()).grammar ?? '')
    assert.ok(accepts('<think>\nI could write <tool_call> here</think>\nHello'))
    assert.ok(!accepts('I could write <tool_call> here'))
  })

  it('can be continued from anywhere', async () => {
    const grammar = fixtureFormat('thinking-switch').render(strict()).grammar ?? ''
    const text = 'One <tool moment.\n<tool_call>\n{"name": "get_weather", "arguments": {"city": "Oslo"}}\n</tool_call>'
    for (let cut = 0; cut <= text.length; cut += 1) {
      const accepts = await llamaGrammarTest(llama, restOfGrammar(grammar, text.slice(0, cut)))
      const rest = text.slice(cut)
      assert.ok(accepts(rest), rest)
      assert.ok(!accepts(`${rest}!`), rest)
    }
  })

  it('is free of any grammar when none of them is strict, or none may be called', () => {
    const format = fixtureFormat('thinking-switch')
    assert.equal(format.render(forced('auto')).grammar, undefined)
    assert.equal(format.render(forced('none', { tools: strictTools })).grammar, undefined)
  })
})

describe('an answer that has a grammar of its own, and tools', () => {
  let llama: Llama
  before(async () => {
    llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error })
  })
  after(async () => {
    await llama.dispose()
  })
  const answerGrammar = 'root ::= "{" call "}"\ncall ::= [0-9]+ | "\\"" [a-z] "\\""\n'

  for (const template of templates.filter((name) => name !== 'channels')) {
    it(`in the syntax of ${template} is the one or the other, whole`, async () => {
      const format = fixtureFormat(template)
      const rendered = (): RenderedChat => format.render(forced('auto', { answerGrammar }))
      const accepts = await llamaGrammarTest(llama, rendered().grammar ?? '')
      for (const answer of ['{12}', '{"x"}']) {
        assert.ok(accepts(answer))
        assert.deepEqual(readPieces(rendered().parser, [answer]), { content: answer, reasoning: '', calls: [] })
      }
      const random = seededRandom(9)
      const sampler = createGbnfSampler(format.render(forced('required', { enableThinking: false })).grammar ?? '')
      for (let count = 0; count < 4; count += 1) {
        const call = sampler.sample(random)
        // What comes before the first call in this template is a thought that has been opened already.
        const bare = call.slice(template === 'thinking-opened' ? call.indexOf('<tool_call>') : 0)
        assert.ok(accepts(bare), bare)
        assert.ok(!accepts(`{12}${bare}`) && !accepts(`${bare}{12}`), bare)
        const read = readPieces(rendered().parser, [bare])
        assert.deepEqual([read.content, read.calls.length], ['', 1], bare)
      }
    })
  }

  it('is only what the grammar says when no tool may be called, or when only llama.cpp can read it', () => {
    const format = fixtureFormat('thinking-switch')
    assert.equal(format.render(forced('none', { answerGrammar })).grammar, answerGrammar)
    const ofTokens = 'root ::= <[1]> "x"'
    assert.equal(format.render(forced('auto', { answerGrammar: ofTokens })).grammar, ofTokens)
    assert.equal(fixtureFormat('channels').render(forced('auto', { answerGrammar })).grammar, answerGrammar)
  })
})

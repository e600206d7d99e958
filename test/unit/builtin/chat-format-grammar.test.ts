import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp'
import Schema from 'typebox/schema'
import type { ChatFormatInput, ChatTool } from '../../../src/builtin/llama-cpp/chat-format/chat-format.ts'
import { fixtureFormat, planTool, readPieces, weatherTool } from '../../support/chat-fixtures.ts'
import { createGbnfSampler } from '../../support/gbnf.ts'
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
const tools = [weatherTool, planTool, freeTool, oddTool, emptyTool]

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

  it('is not forced when the model is free to choose, strict or not', () => {
    const strict = { ...weatherTool, strict: true }
    assert.equal(fixtureFormat('thinking-switch').render(forced('auto', { tools: [strict] })).grammar, undefined)
  })
})

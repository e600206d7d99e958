import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createCallStream } from '../../../src/inference/tools/stream-calls.ts'
import { toolGrammar } from '../../../src/inference/tools/tool-grammar.ts'
import { parseModelFile } from '../../../src/models/config-schema.ts'
import { toToolConfig } from '../../../src/models/prompt-config.ts'
import { createGbnfSampler } from '../../support/gbnf.ts'
import { seededRandom } from '../../support/random.ts'

const TOOLS = [
  { name: 'look', parameters: { type: 'object', properties: { at: { type: 'string' } }, required: ['at'] } },
  { name: 'stop' },
]

/** Texts that a grammar made from these keys lets through. */
function samples(grammar: Record<string, unknown>, block: Record<string, unknown> = {}): readonly string[] {
  const config = toToolConfig(parseModelFile({ function: { ...block, grammar } }).function)
  assert.ok(config.grammar)
  const sampler = createGbnfSampler(toolGrammar(TOOLS, config, config.grammar))
  const random = seededRandom(7)
  return Array.from({ length: 60 }, () => sampler.sample(random))
}

/** What is read out of such a text. */
function read(text: string) {
  const isTool = (name: string): boolean => TOOLS.some((tool) => tool.name === name)
  const stream = createCallStream({ nameKey: 'name', argumentsKey: 'arguments', isTool })
  return [...stream.push(text), ...stream.end()]
}

describe('the grammar of an answer with calls', () => {
  it('lets through exactly one call of a tool, with its arguments', () => {
    for (const text of samples({})) {
      const call = JSON.parse(text) as { name: string; arguments: Record<string, unknown> }
      assert.deepEqual(Object.keys(call), ['name', 'arguments'])
      assert.ok(call.name === 'stop' || (call.name === 'look' && typeof call.arguments['at'] === 'string'), text)
      assert.equal(read(text).length, 1)
    }
  })

  it('has the keys that are configured, in that order', () => {
    const texts = samples(
      { properties_order: 'arguments, name' },
      { function_name_key: 'fn', function_arguments_key: 'in' },
    )
    for (const text of texts) assert.deepEqual(Object.keys(JSON.parse(text) as object), ['in', 'fn'])
  })

  it('lets through several calls when they may be parallel', () => {
    const counts = samples({ parallel_calls: true }).map((text) => [JSON.parse(text)].flat().length)
    assert.ok(counts.includes(1) && counts.some((count) => count > 1))
  })

  it('lets text through in mixed mode, in front of a call or instead of one', () => {
    const kinds = samples({ mixed_mode: true }).map((text) =>
      read(text)
        .map(({ type }) => type)
        .join(),
    )
    assert.ok(kinds.includes('call') && kinds.includes('text') && kinds.includes('text,call'), kinds.join(' '))
  })

  it('wants a call in the end when text alone is no answer', () => {
    for (const text of samples({ mixed_mode: true, no_mixed_free_string: true })) {
      assert.equal(read(text).at(-1)?.type, 'call', text)
    }
  })

  it('has a prefix, and text behind the call', () => {
    const texts = samples({ prefix: 'CALL ', expect_strings_after_json: true })
    for (const text of texts) assert.match(text, /^CALL \{/)
    assert.ok(texts.some((text) => !text.endsWith('}')))
  })

  it("is of Llama 3.1's form", () => {
    for (const text of samples({ schema_type: 'llama3.1' })) {
      assert.match(text, /^<function=(?:look|stop)>\{.*\}<\/function>$/s)
    }
  })
})

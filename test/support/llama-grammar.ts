import assert from 'node:assert/strict'
import type { Llama } from 'node-llama-cpp'

/** llama.cpp's own answer to whether the whole text fits; node-llama-cpp keeps the method to itself. */
export async function llamaGrammarTest(llama: Llama, grammar: string): Promise<(sample: string) => boolean> {
  const parsed: object = await llama.createGrammar({ grammar })
  assert.ok('_testText' in parsed && typeof parsed._testText === 'function')
  const test = parsed._testText.bind(parsed) as (sample: string) => unknown
  return (sample) => test(sample) === true
}

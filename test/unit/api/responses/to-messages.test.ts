import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { withoutOldest } from '../../../../src/api/responses/answer-in-context.ts'
import { toItems } from '../../../../src/api/responses/to-items.ts'
import { toMessages } from '../../../../src/api/responses/to-messages.ts'
import { newStamp, readStamp } from '../../../../src/api/stamp.ts'
import type { ChatMessage } from '../../../../src/inference/request.ts'
import type { Item } from '../../../../src/responses/items.ts'

type Input = NonNullable<Parameters<typeof toItems>[0]['input']>

const stamp = readStamp(newStamp())

function read(input: Input): readonly ChatMessage[] {
  return toMessages(toItems({ input }, stamp).filter((item): item is Item => item.type !== 'item_reference'))
}

describe('the items of a request', () => {
  it('become messages: what a model did in one go is one', () => {
    assert.deepEqual(
      read([
        { role: 'developer', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'a' },
            { type: 'input_text', text: 'b' },
          ],
        },
        { type: 'reasoning', summary: [{ type: 'summary_text', text: 'short' }], content: [] },
        { role: 'assistant', content: [{ type: 'output_text', text: 'Looking.' }] },
        { type: 'function_call', call_id: '1', name: 'f', arguments: '{"a":1}' },
        { type: 'function_call', call_id: '2', name: 'g', arguments: { b: 2 } },
        { type: 'function_call_output', call_id: '1', output: 'one' },
        { type: 'function_call_output', call_id: '2', output: [{ type: 'input_text', text: 'two' }] },
        { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'long' }] },
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'No.' }] },
        { role: 'assistant', content: 'Well.' },
      ]),
      [
        { role: 'developer', content: 'Be brief.' },
        { role: 'user', content: 'a\nb' },
        {
          role: 'assistant',
          content: 'Looking.',
          reasoning: 'short',
          toolCalls: [
            { id: '1', name: 'f', arguments: '{"a":1}' },
            { id: '2', name: 'g', arguments: '{"b":2}' },
          ],
        },
        { role: 'tool', toolCallId: '1', content: 'one' },
        { role: 'tool', toolCallId: '2', content: 'two' },
        { role: 'assistant', content: 'No.', reasoning: 'long' },
        { role: 'assistant', content: 'Well.' },
      ],
    )
  })

  it('keep the names they have, and get different ones else', () => {
    const input = [
      { id: 'msg_mine', role: 'user', content: 'a' },
      { role: 'user', content: 'b' },
      { role: 'user', content: 'c' },
    ]
    const items = toItems({ input }, stamp)
    assert.equal(items[0]?.id, 'msg_mine')
    assert.equal(new Set(items.map(({ id }) => id)).size, 3)
    assert.deepEqual(toItems({ input }, stamp), items, 'the same request has the same names')
  })

  const refused: readonly [name: string, item: Exclude<Input, string>[number], param: string][] = [
    ['a message of no known role', { role: 'tool', content: 'x' }, 'input[0].role'],
    ['a message without content', { role: 'user' }, 'input[0].content'],
    ['a part without text', { role: 'user', content: [{ type: 'input_text' }] }, 'input[0].content[0].text'],
    ['a file', { role: 'user', content: [{ type: 'input_file' }] }, 'input[0].content[0]'],
    ['a call without its id', { type: 'function_call', name: 'f' }, 'input[0].call_id'],
    ['a call without its name', { type: 'function_call', call_id: '1' }, 'input[0].name'],
    ['a result without output', { type: 'function_call_output', call_id: '1' }, 'input[0].output'],
    [
      'a result that is a picture',
      { type: 'function_call_output', call_id: '1', output: [{ type: 'input_image' }] },
      'input[0].output[0]',
    ],
    ['a reference to nothing', { type: 'item_reference' }, 'input[0].id'],
    ['a kind that nobody knows', { type: 'computer_call' }, 'input[0].type'],
  ]
  for (const [name, item, param] of refused) {
    it(`are refused: ${name}`, () => {
      assert.throws(() => toItems({ input: [item] }, stamp), { details: { param } })
    })
  }
})

describe('a conversation that is too long', () => {
  const turn = (content: string): ChatMessage[] => [
    { role: 'user', content },
    { role: 'assistant', content },
  ]

  it('loses whole turns from its beginning, never its instructions or its end', () => {
    const start: ChatMessage = { role: 'system', content: 's' }
    const whole = [start, ...turn('a'), ...turn('b'), ...turn('c'), ...turn('d'), ...turn('e')]
    assert.deepEqual(withoutOldest(whole), [start, ...turn('d'), ...turn('e')])
    assert.deepEqual(withoutOldest([start, ...turn('d'), ...turn('e')]), [start, ...turn('e')])
    assert.equal(withoutOldest([start, ...turn('e')]), undefined)
    assert.equal(withoutOldest([start]), undefined)
    assert.equal(withoutOldest([]), undefined)
  })
})

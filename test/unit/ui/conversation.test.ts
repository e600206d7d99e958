import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnswerPiece } from '../../../ui/src/chat/answer-piece.ts'
import {
  type Conversation,
  type Message,
  NO_PARAMETERS,
  titleOf,
  toChatRequest,
  withPiece,
} from '../../../ui/src/chat/conversation.ts'
import { loadedCount, type ServingNode, toKnownModels } from '../../../ui/src/models/known-model.ts'
import { firstFor, isFor } from '../../../ui/src/models/named-model.ts'
import { cosine } from '../../../ui/src/similarity.ts'

test('an answer grows piece by piece, its thoughts and its calls of tools as well', () => {
  const pieces: readonly AnswerPiece[] = [
    { reasoning: 'Hm' },
    { reasoning: '.' },
    { text: 'Par' },
    { text: 'is' },
    { toolCalls: [{ index: 0, name: 'look', arguments: '' }] },
    { toolCalls: [{ index: 1, name: 'go', arguments: '{}' }] },
    { toolCalls: [{ index: 0, name: '', arguments: '{"a":' }] },
    { toolCalls: [{ index: 0, name: '', arguments: '1}' }] },
    { finishReason: 'length', completionTokens: 9 },
  ]
  assert.deepEqual(pieces.reduce<Message>(withPiece, { role: 'assistant', text: '' }), {
    role: 'assistant',
    text: 'Paris',
    reasoning: 'Hm.',
    toolCalls: [
      { index: 0, name: 'look', arguments: '{"a":1}' },
      { index: 1, name: 'go', arguments: '{}' },
    ],
    cut: true,
    tokens: 9,
  })
})

test('a request has what was said and chosen, and nothing of an answer that failed before its first word', () => {
  const conversation: Conversation = {
    ...{ id: '1', title: '', model: 'm', updatedUnixMs: 0 },
    parameters: { ...NO_PARAMETERS, system: 'Be short.', temperature: '0', topP: 'x' },
    messages: [
      { role: 'user', text: 'a' },
      { role: 'assistant', text: '', error: 'busy' },
      { role: 'user', text: 'b' },
    ],
  }
  assert.deepEqual(toChatRequest(conversation), {
    model: 'm',
    messages: [
      { role: 'system', content: 'Be short.' },
      { role: 'user', content: 'a' },
      { role: 'user', content: 'b' },
    ],
    temperature: 0,
  })
  assert.equal(titleOf(conversation.messages), 'a')
  assert.equal(titleOf([{ role: 'user', text: 'x'.repeat(99) }]), `${'x'.repeat(60)}…`)
})

test('what is known of a model is put together from all routes', () => {
  const node = (name: string, more: Partial<ServingNode>, loaded: boolean): ServingNode => ({
    ...{ name, id: name, isOnline: true, state: 'linked', draining: false },
    models: [{ name: 'm', loaded, capabilities: ['chat'], fileSizeBytes: 7 }],
    ...more,
  })
  const [own, away] = toKnownModels({
    listed: [{ id: 'm', description: 'd' }, { id: 'n' }],
    capabilities: [{ id: 'm', capabilities: ['chat'] }],
    loaded: [{ id: 'm', backend: 'b', state: 'ready', in_flight: 0 }],
    nodes: [node('self', { state: 'self' }, true), node('other', {}, true), node('gone', { isOnline: false }, true)],
  })
  assert.deepEqual([own?.isHere, own?.capabilities, own?.fileSizeBytes, own?.holders.length], [true, ['chat'], 7, 3])
  // This one, which was asked itself, and the other; not the silent one.
  assert.equal(own && loadedCount(own), 2)
  assert.deepEqual([away?.isHere, away?.holders], [false, []])
})

test('a model is offered for what it is for, and one of which nothing is known as a last resort', () => {
  const [embedder, chat, unknown] = [
    { id: 'embedder', capabilities: ['embeddings', 'tokenize'] },
    { id: 'chat', capabilities: ['chat', 'completion'] },
    { id: 'unknown', capabilities: [] },
  ]
  assert.deepEqual(
    [embedder, chat, unknown, { id: 'untold' }].map((model) => isFor('embeddings', model)),
    [true, false, true, true],
  )
  assert.equal(firstFor('chat', [embedder, unknown, chat]), 'chat')
  assert.equal(firstFor('chat', [embedder, unknown]), 'unknown')
  assert.equal(firstFor('embeddings', [chat]), '')
})

test('the angle between vectors', () => {
  assert.equal(cosine([1, 0], [2, 0]), 1)
  assert.equal(cosine([1, 0], [0, 3]), 0)
  assert.equal(cosine([1, 1], [-1, -1]).toFixed(6), '-1.000000')
  assert.equal(cosine([0, 0], [1, 1]), 0)
})

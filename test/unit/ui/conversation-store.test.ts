import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Conversation } from '../../../ui/src/chat/conversation.ts'

const ROOM = 10_000
const kept = new Map<string, string>()

/** The storage of a browser, with little room. */
const localStorage = {
  get length() {
    return kept.size
  },
  key: (index: number) => [...kept.keys()][index] ?? null,
  getItem: (key: string) => kept.get(key) ?? null,
  removeItem: (key: string) => void kept.delete(key),
  setItem(key: string, text: string) {
    const others = [...kept].filter(([other]) => other !== key)
    const taken = others.reduce((sum, [name, value]) => sum + name.length + value.length, 0)
    if (taken + key.length + text.length > ROOM) throw new Error('QuotaExceededError')
    kept.set(key, text)
  },
}
Object.assign(globalThis, { localStorage, addEventListener: () => {} })
/** Written for browsers: this program's types know no windows. */
const STORE = new URL('../../../ui/src/chat/conversation-store.ts', import.meta.url)
const { keepConversation, conversations } = (await import(STORE.href)) as {
  readonly keepConversation: (conversation: Conversation) => void
  readonly conversations: { readonly value: readonly Conversation[] }
}

function conversation(id: string, length: number, updatedUnixMs: number): Conversation {
  const parameters = { system: '', temperature: '', topP: '', maxTokens: '' }
  return {
    id,
    title: id,
    model: 'm',
    parameters,
    updatedUnixMs,
    messages: [{ role: 'user', text: 'x'.repeat(length) }],
  }
}

const storedIds = (): readonly string[] => [...kept.keys()].map((key) => key.split('.').at(-1) ?? '').toSorted()

describe('the storage of conversations, when it is full', () => {
  it('gives up the oldest ones, and no more of them than it has to', () => {
    for (const [index, id] of ['a', 'b', 'c'].entries()) keepConversation(conversation(id, 2500, index))
    keepConversation(conversation('d', 3000, 3))
    assert.deepEqual(storedIds(), ['b', 'c', 'd'])
    assert.equal(conversations.value.length, 4, 'what cannot be stored is there until the page is left')
  })

  it('gives up none for one that is too much by itself', () => {
    keepConversation(conversation('huge', ROOM, 4))
    assert.deepEqual(storedIds(), ['b', 'c', 'd'])
  })
})

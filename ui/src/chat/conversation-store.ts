import { signal } from '@preact/signals'
import { type Conversation, NO_PARAMETERS } from './conversation.ts'

/** Each has a place of its own: what one tab keeps takes nothing from another one. */
const PREFIX = 'local-ai.conversation.'
/** Where they were kept all together. */
const FORMER_KEY = 'local-ai.conversations'
const MOST = 100

/** Newest first. They are kept in this browser and nowhere else. */
export const conversations = signal<readonly Conversation[]>(readAll())

/** Answers to them may still be coming. */
const removed = new Set<string>()

// What other tabs keep and remove.
addEventListener('storage', ({ key, newValue }) => {
  if (key === null) conversations.value = []
  else if (key.startsWith(PREFIX)) {
    const others = conversations.value.filter(({ id }) => keyOf(id) !== key)
    conversations.value = [...others, ...parse(key, newValue)].sort(newestFirst).slice(0, MOST)
  }
})

export function keepConversation(conversation: Conversation): void {
  const { id } = conversation
  if (removed.has(id)) return
  const all = [conversation, ...conversations.value.filter((other) => other.id !== id)]
  conversations.value = all.slice(0, MOST)
  write(conversation)
  for (const tooMany of all.slice(MOST)) forget(tooMany.id)
}

export function removeConversations(ids: readonly string[]): void {
  conversations.value = conversations.value.filter(({ id }) => !ids.includes(id))
  for (const id of ids) {
    removed.add(id)
    forget(id)
  }
}

export function newConversation(model: string, now = Date.now()): Conversation {
  // Pages that came over plain HTTP have no randomUUID.
  const id = `${now.toString(36)}-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36)}`
  return { id, title: 'New conversation', model, parameters: NO_PARAMETERS, updatedUnixMs: now, messages: [] }
}

function keyOf(id: string): string {
  return PREFIX + id
}

function newestFirst(left: Conversation, right: Conversation): number {
  return right.updatedUnixMs - left.updatedUnixMs
}

/** A browser keeps a few megabytes: what is too much goes, the oldest first. */
function write(conversation: Conversation): void {
  const text = JSON.stringify(conversation)
  if (store(keyOf(conversation.id), text)) return
  const gone: (readonly [key: string, text: string])[] = []
  for (const { id } of conversations.value.toReversed()) {
    const older = id === conversation.id ? undefined : stored(keyOf(id))
    if (older === undefined) continue
    gone.push([keyOf(id), older])
    forget(id)
    if (store(keyOf(conversation.id), text)) return
  }
  // It is too much by itself: the others stay.
  for (const [key, older] of gone) store(key, older)
}

/** A browser may refuse to store anything. */
function store(key: string, text: string): boolean {
  try {
    localStorage.setItem(key, text)
    return true
  } catch {
    return false
  }
}

function stored(key: string): string | undefined {
  try {
    return localStorage.getItem(key) ?? undefined
  } catch {
    return undefined
  }
}

function forget(id: string): void {
  try {
    localStorage.removeItem(keyOf(id))
  } catch {
    // Then it is not there.
  }
}

function readAll(): readonly Conversation[] {
  try {
    takeOverFormer()
    const keys = Array.from({ length: localStorage.length }, (_, index) => localStorage.key(index) ?? '')
    const found = keys.filter((key) => key.startsWith(PREFIX)).flatMap((key) => parse(key, localStorage.getItem(key)))
    return found.sort(newestFirst).slice(0, MOST)
  } catch {
    return []
  }
}

function takeOverFormer(): void {
  const text = localStorage.getItem(FORMER_KEY)
  if (text === null) return
  // First, since there may be no room for both.
  localStorage.removeItem(FORMER_KEY)
  const found: unknown = JSON.parse(text)
  if (Array.isArray(found)) for (const one of found.filter(isConversation)) store(keyOf(one.id), JSON.stringify(one))
}

/** Nothing for what is no conversation, or none of this place. */
function parse(key: string, text: string | null): readonly Conversation[] {
  try {
    const found: unknown = JSON.parse(text ?? '')
    return isConversation(found) && keyOf(found.id) === key ? [found] : []
  } catch {
    return []
  }
}

function isConversation(value: unknown): value is Conversation {
  if (typeof value !== 'object' || value === null) return false
  const { id, title, model, parameters, updatedUnixMs, messages } = value as Partial<
    Record<keyof Conversation, unknown>
  >
  const texts = [id, title, model].every((text) => typeof text === 'string')
  const isKept = typeof updatedUnixMs === 'number' && Array.isArray(messages)
  return texts && isKept && typeof parameters === 'object' && parameters !== null
}

import { signal } from '@preact/signals'
import { type Conversation, NO_PARAMETERS } from './conversation.ts'

const KEY = 'local-ai.conversations'
const MOST = 100

/** Newest first. They are kept in this browser and nowhere else. */
export const conversations = signal<readonly Conversation[]>(read())

export function keepConversation(conversation: Conversation): void {
  const others = conversations.value.filter(({ id }) => id !== conversation.id)
  conversations.value = [conversation, ...others].slice(0, MOST)
  write()
}

export function removeConversations(ids: readonly string[]): void {
  conversations.value = conversations.value.filter(({ id }) => !ids.includes(id))
  write()
}

export function newConversation(model: string, now = Date.now()): Conversation {
  // Pages that came over plain HTTP have no randomUUID.
  const id = `${now.toString(36)}-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36)}`
  return { id, title: 'New conversation', model, parameters: NO_PARAMETERS, updatedUnixMs: now, messages: [] }
}

/** A browser keeps a few megabytes: what is too much goes, the oldest first. */
function write(): void {
  for (let kept = conversations.value; ; kept = kept.slice(0, Math.floor(kept.length / 2))) {
    try {
      localStorage.setItem(KEY, JSON.stringify(kept))
      return
    } catch {
      if (kept.length <= 1) return
    }
  }
}

function read(): readonly Conversation[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return Array.isArray(found) ? found.filter(isConversation).slice(0, MOST) : []
  } catch {
    return []
  }
}

function isConversation(value: unknown): value is Conversation {
  if (typeof value !== 'object' || value === null) return false
  const { id, title, model, parameters, messages } = value as Partial<Record<keyof Conversation, unknown>>
  const texts = [id, title, model].every((text) => typeof text === 'string')
  return texts && typeof parameters === 'object' && parameters !== null && Array.isArray(messages)
}

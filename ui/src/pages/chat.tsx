import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { type Conversation, type Parameters, titleOf, toMarkdown } from '../chat/conversation.ts'
import { ConversationList } from '../chat/conversation-list.tsx'
import { conversations, keepConversation, newConversation } from '../chat/conversation-store.ts'
import { MessageView } from '../chat/message-view.tsx'
import { useAnswer } from '../chat/use-answer.ts'
import { Button } from '../components/button.tsx'
import { ModelSelect, NoModelFor } from '../components/model-select.tsx'
import { Empty, Field, Problem } from '../components/parts.tsx'
import { SamplingFields } from '../components/sampling-fields.tsx'
import { downloadText } from '../download.ts'
import { firstFor } from '../models/named-model.ts'
import { type Models, useModels } from '../models/use-models.ts'
import type { PageProps } from '../pages.ts'
import { useUnsaved } from '../unsaved.ts'

/** A conversation with a model of the network. */
export function Page({ params }: PageProps) {
  const known = useModels()
  const wanted = params['model'] ?? ''
  const open = useSignal<Conversation>(firstOpen(wanted))
  const draft = useSignal('')
  const answer = useAnswer((conversation) => {
    keepConversation(conversation)
    if (open.peek().id === conversation.id) open.value = conversation
  })
  useUnsaved(draft.value !== '' || open.value.parameters.system !== '')
  // Another tab may have gone on with it.
  const kept = conversations.value.find(({ id }) => id === open.value.id)
  useEffect(() => {
    if (kept !== undefined && kept.updatedUnixMs > open.peek().updatedUnixMs && !answer.running) open.value = kept
  }, [kept])
  const chosen = open.value.model === '' ? firstFor('chat', known.models) : open.value.model

  function show(conversation: Conversation): void {
    answer.stop()
    open.value = conversation
  }

  async function send(): Promise<void> {
    const text = draft.value.trim()
    if (text === '' || answer.running || chosen === '') return
    draft.value = ''
    const messages = [...open.value.messages, { role: 'user' as const, text }]
    await answer.ask({ ...open.value, model: chosen, title: titleOf(messages), messages })
  }

  async function again(): Promise<void> {
    const last = open.value.messages.findLastIndex(({ role }) => role === 'user')
    if (last >= 0) await answer.ask({ ...open.value, model: chosen, messages: open.value.messages.slice(0, last + 1) })
  }

  return (
    <div class="chat">
      <ConversationList
        current={open.value.id}
        onNew={() => show(newConversation(chosen))}
        onOpen={(id) => {
          const found = conversations.peek().find((conversation) => conversation.id === id)
          if (found !== undefined) show(found)
        }}
      />
      <section class="chat-main" aria-label="Conversation">
        <header class="page-head">
          <h1>Chat</h1>
          {open.value.messages.length === 0 ? null : (
            <Button icon="download" onClick={() => downloadText('conversation.md', toMarkdown(open.value))}>
              Markdown
            </Button>
          )}
        </header>
        {known.error === undefined ? null : <Problem>{known.error}</Problem>}
        <Messages conversation={open.value} running={answer.running} onRegenerate={() => void again()} />
        <NoModelFor known={known} capability="chat" />
        <Composer draft={draft} ready={chosen !== ''} running={answer.running} onSend={send} onStop={answer.stop} />
      </section>
      <ChatSettings
        known={known}
        model={chosen}
        parameters={open.value.parameters}
        onModel={(model) => {
          open.value = { ...open.value, model }
        }}
        onParameters={(parameters) => {
          open.value = { ...open.value, parameters }
        }}
      />
    </div>
  )
}

/** A model in the address begins anew with it; else the last conversation goes on. */
function firstOpen(wanted: string): Conversation {
  const [latest] = conversations.peek()
  return wanted !== '' || latest === undefined ? newConversation(wanted) : latest
}

interface MessagesProps {
  readonly conversation: Conversation
  readonly running: boolean
  readonly onRegenerate: () => void
}

const NEAR_THE_END = 120

function Messages({ conversation, running, onRegenerate }: MessagesProps) {
  const end = useRef<HTMLDivElement>(null)
  const { messages } = conversation
  const last = messages.length - 1
  // Whoever has scrolled back to read is left in peace.
  useEffect(() => {
    const below = document.documentElement.scrollHeight - window.scrollY - window.innerHeight
    if (running && below < NEAR_THE_END + window.innerHeight / 2) end.current?.scrollIntoView({ block: 'end' })
  }, [messages, running])
  if (messages.length === 0) {
    return (
      <Empty icon="chat" title="Ask something">
        <p>The node of your network that can answer first will.</p>
      </Empty>
    )
  }
  return (
    <div class="messages">
      {messages.map((message, index) => (
        <MessageView
          key={index}
          message={message}
          running={running && index === last}
          onRegenerate={index === last && !running ? onRegenerate : undefined}
        />
      ))}
      <div ref={end} class="messages-end" />
      <p class="unseen" role="status">
        {running ? 'The answer is being written' : 'The answer is there'}
      </p>
    </div>
  )
}

interface ComposerProps {
  readonly draft: { value: string }
  /** There is a model to ask. */
  readonly ready: boolean
  readonly running: boolean
  readonly onSend: () => Promise<void>
  readonly onStop: () => void
}

function Composer({ draft, ready, running, onSend, onStop }: ComposerProps) {
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        void onSend()
      }}
    >
      <textarea
        aria-label="Your message"
        placeholder="Your message. Enter sends it, Shift and Enter begin a new line."
        rows={3}
        value={draft.value}
        onInput={(event) => {
          draft.value = event.currentTarget.value
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
          event.preventDefault()
          void onSend()
        }}
      />
      {running ? (
        <Button kind="danger" icon="stop" onClick={onStop}>
          Stop
        </Button>
      ) : (
        <Button kind="primary" disabled={!ready}>
          Send
        </Button>
      )}
    </form>
  )
}

interface ChatSettingsProps {
  readonly known: Models
  readonly model: string
  readonly parameters: Parameters
  readonly onModel: (model: string) => void
  readonly onParameters: (parameters: Parameters) => void
}

function ChatSettings({ known, model, parameters, onModel, onParameters }: ChatSettingsProps) {
  const about = known.models.find(({ id }) => id === model)
  return (
    <aside class="chat-settings" aria-label="Model and parameters">
      <ModelSelect known={known} capability="chat" value={model} onChange={onModel} />
      {about?.description === undefined ? null : <p class="hint clamped">{about.description}</p>}
      {about?.nodes === undefined || about.nodes.length === 0 ? null : (
        <p class="hint">On {about.nodes.slice(0, 8).join(', ')}</p>
      )}
      <details>
        <summary>Parameters</summary>
        <div class="fields">
          <Field label="System prompt">
            {(control) => (
              <textarea
                {...control}
                rows={4}
                value={parameters.system}
                placeholder="as the model says"
                onInput={(event) => onParameters({ ...parameters, system: event.currentTarget.value })}
              />
            )}
          </Field>
          <SamplingFields value={parameters} onChange={onParameters} />
        </div>
      </details>
    </aside>
  )
}

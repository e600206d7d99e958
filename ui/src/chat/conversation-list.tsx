import { useSignal } from '@preact/signals'
import { Button } from '../components/button.tsx'
import { ConfirmDialog } from '../components/confirm-dialog.tsx'
import { conversations, removeConversations } from './conversation-store.ts'

export interface ConversationListProps {
  readonly current: string
  readonly onOpen: (id: string) => void
  readonly onNew: () => void
}

export function ConversationList({ current, onOpen, onNew }: ConversationListProps) {
  const asking = useSignal<'all' | string | undefined>(undefined)
  const sought = useSignal('')
  const all = conversations.value
  const shown = all.filter(({ title }) => title.toLowerCase().includes(sought.value.toLowerCase()))
  const goingIds = asking.value === 'all' ? all.map(({ id }) => id) : [asking.value ?? '']
  return (
    <aside class="chat-list" aria-label="Conversations">
      <div class="actions">
        <Button kind="primary" icon="plus" onClick={onNew}>
          New
        </Button>
        {all.length === 0 ? null : (
          <Button kind="ghost" icon="trash" label="Delete all conversations" onClick={() => (asking.value = 'all')} />
        )}
      </div>
      {all.length < 6 ? null : (
        <input
          type="search"
          placeholder="Search"
          aria-label="Search conversations"
          value={sought.value}
          onInput={(event) => {
            sought.value = event.currentTarget.value
          }}
        />
      )}
      <ul>
        {shown.map(({ id, title }) => (
          <li key={id}>
            <button
              type="button"
              class="chat-list-item"
              aria-current={id === current ? 'true' : undefined}
              onClick={() => onOpen(id)}
            >
              {title}
            </button>
            <Button kind="ghost" small icon="close" label={`Delete: ${title}`} onClick={() => (asking.value = id)} />
          </li>
        ))}
      </ul>
      {asking.value === undefined ? null : (
        <ConfirmDialog
          title={asking.value === 'all' ? 'Delete all conversations?' : 'Delete this conversation?'}
          verb="Delete"
          onConfirm={() => {
            removeConversations(goingIds)
            if (goingIds.includes(current)) onNew()
          }}
          onClose={() => {
            asking.value = undefined
          }}
        >
          <p>Conversations are kept in this browser only: what is deleted is gone.</p>
        </ConfirmDialog>
      )}
    </aside>
  )
}

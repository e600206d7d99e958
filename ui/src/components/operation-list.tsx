import { api } from '../api.ts'
import { lookForOperations, type Operation, operations } from '../operations.ts'
import { Button } from './button.tsx'
import { Card, Progress } from './parts.tsx'

/** What is being installed and removed, and what has failed. */
export function OperationList({ backends = false }: { readonly backends?: boolean }) {
  const shown = operations.value.filter(({ isBackend }) => isBackend === backends)
  if (shown.length === 0) return null
  return (
    <Card title="Under way" class="operations">
      <ul>
        {shown.map((operation) => (
          <OperationRow key={operation.jobID} operation={operation} />
        ))}
      </ul>
    </Card>
  )
}

function OperationRow({ operation }: { readonly operation: Operation }) {
  const { jobID, name, progress, isDeletion, isQueued, cancellable, message, error } = operation
  const verb = isDeletion ? 'Removing' : 'Installing'
  async function end(what: 'cancel' | 'dismiss'): Promise<void> {
    await api(`/api/operations/${jobID}/${what}`, { method: 'POST' })
    lookForOperations()
  }
  return (
    <li>
      <p>
        <strong>{error === undefined ? `${verb} ${name}` : `${name} has failed`}</strong>
        <span class={error === undefined ? 'hint' : 'hint bad'}>{error ?? message}</span>
      </p>
      {error === undefined ? (
        <Progress share={isQueued ? undefined : progress / 100} label={`${verb} ${name}: ${Math.round(progress)} %`} />
      ) : null}
      {cancellable ? (
        <Button small onClick={() => end('cancel')}>
          Cancel
        </Button>
      ) : (
        <Button small onClick={() => end('dismiss')}>
          Dismiss
        </Button>
      )}
    </li>
  )
}

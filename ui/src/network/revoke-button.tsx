import { useSignal } from '@preact/signals'
import { Button } from '../components/button.tsx'
import { ConfirmDialog } from '../components/confirm-dialog.tsx'
import { toast } from '../components/toast.tsx'
import type { LiveNode } from '../live.ts'
import { navigate } from '../router.ts'
import { useMembers } from './use-members.ts'

/** Cuts a node off, everywhere; for the owner of the network. */
export function RevokeButton({ node }: { readonly node: LiveNode }) {
  const { members, change } = useMembers()
  const asking = useSignal(false)
  if (members?.owner !== true) return null
  return (
    <>
      <Button
        kind="danger"
        icon="trash"
        onClick={() => {
          asking.value = true
        }}
      >
        Remove from the network
      </Button>
      {asking.value ? (
        <ConfirmDialog
          title={`Remove ${node.name}?`}
          verb="Remove"
          onConfirm={async () => {
            await change({ revoke: [node.id] })
            toast(`${node.name} is removed`, 'good')
            navigate('/app')
          }}
          onClose={() => {
            asking.value = false
          }}
        >
          <p>
            Every other node cuts it off at once, and what it is working on goes on elsewhere. It still knows the token,
            so from then on newcomers have to be admitted here. It can be taken back.
          </p>
        </ConfirmDialog>
      ) : null}
    </>
  )
}

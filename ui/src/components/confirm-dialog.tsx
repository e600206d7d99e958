import type { ComponentChildren } from 'preact'
import { Button } from './button.tsx'
import { Dialog } from './dialog.tsx'

export interface ConfirmDialogProps {
  readonly title: string
  /** The word on the button that does it. */
  readonly verb: string
  readonly onConfirm: () => Promise<void> | void
  readonly onClose: () => void
  readonly children: ComponentChildren
}

/** Asks before something that cannot be undone. What fails is told, and the question stays. */
export function ConfirmDialog({ title, verb, onConfirm, onClose, children }: ConfirmDialogProps) {
  async function confirm(): Promise<void> {
    await onConfirm()
    onClose()
  }
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="danger" onClick={confirm}>
            {verb}
          </Button>
        </>
      }
    >
      {children}
    </Dialog>
  )
}

import { useSignal } from '@preact/signals'
import { Button } from './button.tsx'
import { toast } from './toast.tsx'

const DONE_MS = 2000

/** `text` is asked for when it is needed: it may be a secret that is not shown. */
export function CopyButton({
  text,
  label = 'Copy',
}: {
  readonly text: () => string | Promise<string>
  readonly label?: string
}) {
  const done = useSignal(false)
  async function copy(): Promise<void> {
    await copyText(await text())
    done.value = true
    toast('Copied', 'good')
    setTimeout(() => {
      done.value = false
    }, DONE_MS)
  }
  return (
    <Button kind="plain" small icon={done.value ? 'check' : 'copy'} onClick={copy}>
      {label}
    </Button>
  )
}

/** Browsers give their clipboard to encrypted and local pages only; for others there is the old way. */
export async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text)
    return
  }
  const field = document.createElement('textarea')
  field.value = text
  // Inside an open dialog, else the dialog keeps the focus.
  const parent = document.querySelector('dialog[open]') ?? document.body
  parent.append(field)
  field.select()
  const copied = document.execCommand('copy')
  field.remove()
  if (!copied) throw new Error('This browser does not let pages copy: select the text and copy it yourself.')
}

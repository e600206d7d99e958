import { useSignal } from '@preact/signals'
import { api, messageOf } from '../api.ts'
import { Button } from '../components/button.tsx'
import { Dialog } from '../components/dialog.tsx'
import { Field, Problem } from '../components/parts.tsx'
import { lookForOperations } from '../operations.ts'

/** Installs a model that is in no gallery. */
export function ImportDialog({ onClose }: { readonly onClose: () => void }) {
  const error = useSignal<string | undefined>(undefined)
  async function send(form: FormData): Promise<void> {
    const text = (name: string): string => String(form.get(name) ?? '').trim()
    const preferences = { name: text('name'), quantizations: text('quantizations') }
    error.value = undefined
    try {
      await api('/models/import-uri', { body: { uri: text('uri'), preferences } })
      lookForOperations()
      onClose()
    } catch (thrown) {
      error.value = messageOf(thrown)
    }
  }
  return (
    <Dialog title="Install a model from an address" onClose={onClose}>
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault()
          void send(new FormData(event.currentTarget))
        }}
      >
        <Field
          label="Address"
          hint="huggingface://owner/repository/file.gguf, oci://…, ollama://…, https://… or owner/repository"
        >
          {(control) => <input {...control} name="uri" required autocomplete="off" spellcheck={false} />}
        </Field>
        <Field label="Name" hint="How requests call it. Empty: as the file is called">
          {(control) => <input {...control} name="name" autocomplete="off" />}
        </Field>
        <Field label="Quantizations" hint="The first of these that a repository has, such as Q4_K_M,Q8_0">
          {(control) => <input {...control} name="quantizations" autocomplete="off" />}
        </Field>
        {error.value === undefined ? null : <Problem>{error.value}</Problem>}
        <div class="dialog-foot">
          <Button kind="primary">Install</Button>
        </div>
      </form>
    </Dialog>
  )
}

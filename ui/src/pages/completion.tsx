import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { messageOf } from '../api.ts'
import { toSampling } from '../chat/conversation.ts'
import { Button } from '../components/button.tsx'
import { CopyButton } from '../components/copy-button.tsx'
import { ModelSelect, NoModelFor } from '../components/model-select.tsx'
import { Card, Field, Problem } from '../components/parts.tsx'
import { SamplingFields } from '../components/sampling-fields.tsx'
import { formatCount } from '../format.ts'
import { generate } from '../generate.ts'
import { firstFor } from '../models/named-model.ts'
import { useModels } from '../models/use-models.ts'
import type { PageProps } from '../pages.ts'
import { useUnsaved } from '../unsaved.ts'

interface Result {
  readonly text: string
  readonly node?: string
  readonly tokens?: number
  readonly error?: string
}

/** A model without a template: it goes on with a text. */
export function Page({ params }: PageProps) {
  const known = useModels()
  const model = useSignal(params['model'] ?? '')
  const prompt = useSignal('')
  const sampling = useSignal({ temperature: '', topP: '', maxTokens: '128' })
  const result = useSignal<Result | undefined>(undefined)
  const running = useSignal<AbortController | undefined>(undefined)
  useEffect(() => () => running.peek()?.abort(), [running])
  useUnsaved(prompt.value !== '')
  const chosen = model.value === '' ? firstFor('completion', known.models) : model.value

  async function run(): Promise<void> {
    const controller = new AbortController()
    running.value = controller
    const body = { model: chosen, prompt: prompt.value, ...toSampling(sampling.value) }
    result.value = { text: '' }
    try {
      const { node, pieces } = await generate('/v1/completions', body, controller.signal)
      for await (const { text = '', completionTokens } of pieces) {
        const before: Result = result.peek() ?? { text: '' }
        result.value = {
          ...before,
          text: before.text + text,
          ...(node === undefined ? {} : { node }),
          ...(completionTokens === undefined ? {} : { tokens: completionTokens }),
        }
      }
    } catch (error) {
      if (!controller.signal.aborted) result.value = { text: '', ...result.peek(), error: messageOf(error) }
    }
    running.value = undefined
  }

  return (
    <>
      <header class="page-head">
        <div>
          <h1>Completion</h1>
          <p>The model goes on with your text as it stands: no template, no roles.</p>
        </div>
      </header>
      {known.error === undefined ? null : <Problem>{known.error}</Problem>}
      <NoModelFor known={known} capability="completion" />
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault()
          void run()
        }}
      >
        <ModelSelect
          known={known}
          capability="completion"
          value={chosen}
          onChange={(id) => {
            model.value = id
          }}
        />
        <Field label="Text">
          {(control) => (
            <textarea
              {...control}
              rows={6}
              required
              placeholder="The capital of France is"
              value={prompt.value}
              onInput={(event) => {
                prompt.value = event.currentTarget.value
              }}
            />
          )}
        </Field>
        <div class="field-row">
          <SamplingFields
            value={sampling.value}
            onChange={(changed) => {
              sampling.value = changed
            }}
          />
        </div>
        <div class="actions">
          {running.value === undefined ? (
            <Button kind="primary" disabled={chosen === ''}>
              Go on
            </Button>
          ) : (
            <Button kind="danger" icon="stop" onClick={() => running.value?.abort()}>
              Stop
            </Button>
          )}
        </div>
      </form>
      {result.value === undefined ? null : (
        <Card title="Result" actions={<CopyButton text={() => result.value?.text ?? ''} />}>
          <p class="completion" aria-busy={running.value !== undefined}>
            <span class="soft">{prompt.value}</span>
            {result.value.text}
          </p>
          {result.value.error === undefined ? null : <Problem>{result.value.error}</Problem>}
          <p class="hint">{factsOf(result.value)}</p>
        </Card>
      )}
    </>
  )
}

function factsOf({ node, tokens }: Result): string {
  const facts = [
    node === undefined ? undefined : `answered by ${node}`,
    tokens === undefined ? undefined : formatCount(tokens, 'token'),
  ]
  return facts.filter((fact) => fact !== undefined).join(' · ')
}

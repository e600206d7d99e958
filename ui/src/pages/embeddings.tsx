import { useSignal } from '@preact/signals'
import { apiResponse, messageOf } from '../api.ts'
import { Button } from '../components/button.tsx'
import { ModelSelect, NoModelFor } from '../components/model-select.tsx'
import { Card, Field, Problem } from '../components/parts.tsx'
import { nodeOf } from '../generate.ts'
import { firstFor } from '../models/named-model.ts'
import { useModels } from '../models/use-models.ts'
import type { PageProps } from '../pages.ts'
import { cosine } from '../similarity.ts'
import { useUnsaved } from '../unsaved.ts'

interface Result {
  readonly texts: readonly string[]
  readonly vectors: readonly (readonly number[])[]
  readonly node: string | undefined
}

const MOST_TEXTS = 12
const EXAMPLE = 'The cat sleeps on the sofa.\nA kitten is napping on the couch.\nThe stock market fell today.'

/** How close texts are to each other in the eyes of a model. */
export function Page({ params }: PageProps) {
  const known = useModels()
  const model = useSignal(params['model'] ?? '')
  const text = useSignal(EXAMPLE)
  const result = useSignal<Result | undefined>(undefined)
  const error = useSignal<string | undefined>(undefined)
  useUnsaved(text.value !== EXAMPLE)
  const chosen = model.value === '' ? firstFor('embeddings', known.models) : model.value

  async function compare(): Promise<void> {
    const texts = text.value.split('\n').filter((line) => line.trim() !== '')
    error.value = undefined
    result.value = undefined
    if (texts.length > MOST_TEXTS) {
      error.value = `At most ${MOST_TEXTS} texts can be compared at a time.`
      return
    }
    try {
      const response = await apiResponse('/v1/embeddings', { body: { model: chosen, input: texts } })
      const { data } = (await response.json()) as {
        readonly data: readonly { readonly embedding: readonly number[] }[]
      }
      result.value = { texts, vectors: data.map(({ embedding }) => embedding), node: nodeOf(response.headers) }
    } catch (thrown) {
      error.value = messageOf(thrown)
    }
  }

  return (
    <>
      <header class="page-head">
        <div>
          <h1>Embeddings</h1>
          <p>How close texts are to each other in the eyes of a model.</p>
        </div>
      </header>
      {known.error === undefined ? null : <Problem>{known.error}</Problem>}
      <NoModelFor known={known} capability="embeddings" />
      <form
        class="fields"
        onSubmit={(event) => {
          event.preventDefault()
          void compare()
        }}
      >
        <ModelSelect
          known={known}
          capability="embeddings"
          value={chosen}
          onChange={(id) => {
            model.value = id
          }}
        />
        <Field label="Texts" hint="One a line">
          {(control) => (
            <textarea
              {...control}
              rows={6}
              required
              value={text.value}
              onInput={(event) => {
                text.value = event.currentTarget.value
              }}
            />
          )}
        </Field>
        <div class="actions">
          <Button kind="primary" disabled={chosen === ''}>
            Compare
          </Button>
        </div>
      </form>
      {error.value === undefined ? null : <Problem>{error.value}</Problem>}
      {result.value === undefined ? null : <Matrix result={result.value} />}
    </>
  )
}

function Matrix({ result }: { readonly result: Result }) {
  const { texts, vectors, node } = result
  return (
    <Card title="Similarity">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard */}
      <section class="plain-table matrix" tabIndex={0} aria-label="Similarity of the texts">
        <table>
          <caption class="hint">
            Cosine of the angle: 1 is the same direction. Vectors of {vectors[0]?.length ?? 0} numbers
            {node === undefined ? '' : `, made by ${node}`}.
          </caption>
          <thead>
            <tr>
              <th scope="col">Text</th>
              {texts.map((_, index) => (
                <th key={index} scope="col">
                  {index + 1}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {vectors.map((left, row) => (
              <tr key={row}>
                <th scope="row">
                  {row + 1}. {texts[row]}
                </th>
                {vectors.map((right, column) => (
                  <Cell key={column} value={cosine(left, right)} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </Card>
  )
}

function Cell({ value }: { readonly value: number }) {
  const share = Math.round(Math.max(0, Math.min(1, value)) * 45)
  return <td style={{ background: `color-mix(in srgb, var(--accent) ${share}%, transparent)` }}>{value.toFixed(3)}</td>
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { readYaml } from '../../../src/gallery/bounded-yaml.ts'

const block = (keys: number): string => `{${Array.from({ length: keys }, (_, index) => `k${index}: 1`).join(', ')}}`
const read = (text: string): unknown => readYaml(text, 'the index', 1_000_000)

describe('YAML from outside', () => {
  it('is merged as galleries are written', () => {
    const entry = '- !!merge <<: *model\n  name: other\n'
    const models = read(`- &model\n  name: one\n  url: there\n${entry.repeat(1500)}`)
    assert.ok(Array.isArray(models))
    assert.deepEqual(models.at(-1), { name: 'other', url: 'there' })
  })

  it('is refused at once when a small text would keep the node busy for long', { timeout: 5000 }, () => {
    const slow = [
      `a: &a ${block(2000)}\nb:\n${'- <<: *a\n'.repeat(4000)}`,
      `a: &a ${block(1000)}\nb:\n${'- <<: [*a, *a, *a, *a]\n'.repeat(1000)}`,
      // Each has all keys of the one before.
      Array.from({ length: 1500 }, (_, at) => `- &a${at} {x${at}: 1${at === 0 ? '' : `, <<: *a${at - 1}`}}`).join('\n'),
      `a: &a {b: &b ${block(2000)}, <<: *b}\nc: &b {}\nd:\n${'- <<: *a\n'.repeat(2000)}`,
      `a: &a {x: 1}\nb:\n${'- *a\n'.repeat(20_000)}`,
    ]
    for (const text of slow) {
      const began = performance.now()
      assert.throws(() => read(text), { code: 'model.config-invalid', message: /aliases|too much to merge/ })
      assert.ok(performance.now() - began < 1500)
    }
  })
})

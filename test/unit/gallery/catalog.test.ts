import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { boundedCopy, mergeConfig, readYaml } from '../../../src/gallery/bounded-yaml.ts'
import { SHIPPED_GALLERY } from '../../../src/gallery/catalog.ts'
import { parseModelUri } from '../../../src/gallery/download/uri.ts'
import {
  comparableName,
  parseBaseConfig,
  parseGalleryIndex,
  parseGalleryList,
} from '../../../src/gallery/gallery-entry.ts'

const gallery = { name: 'g', url: 'https://example.com/index.yaml' }
const SUM = 'a'.repeat(64)

describe('parseGalleryIndex', () => {
  it('reads the shape of LocalAI, merge keys included', () => {
    const { entries, skipped } = parseGalleryIndex(
      `---
- &base
  name: one
  license: mit
  url: github:o/r/base.yaml@master
  urls: [https://example.com]
  tags: [llm]
  overrides: { parameters: { model: one.gguf } }
  files:
    - { filename: one.gguf, sha256: ${SUM.toUpperCase()}, uri: "hf://o/r/one.gguf" }
- !!merge <<: *base
  name: two
  config_file: |
    context_size: 1024
`,
      gallery,
    )
    assert.equal(skipped, 0)
    assert.deepEqual(
      entries.map((entry) => entry.id),
      ['g@one', 'g@two'],
    )
    assert.deepEqual(entries[0]?.files, [{ filename: 'one.gguf', sha256: SUM, sources: ['hf://o/r/one.gguf'] }])
    assert.equal(entries[0]?.configUrl, 'github:o/r/base.yaml@master')
    assert.equal(entries[1]?.license, 'mit')
    assert.deepEqual(entries[1]?.config, { context_size: 1024 })
    assert.deepEqual(entries[1]?.overrides, { parameters: { model: 'one.gguf' } })
  })
  it('puts the uri before the other sources and drops repetitions', () => {
    const { entries } = parseGalleryIndex(
      '[{name: a, files: [{filename: f, uri: "hf://o/r/f", sources: ["npm://p@1.0.0/f", "hf://o/r/f"]}]}]',
      gallery,
    )
    assert.deepEqual(entries[0]?.files[0]?.sources, ['hf://o/r/f', 'npm://p@1.0.0/f'])
  })
  it('leaves out what it cannot use and keeps the rest', () => {
    const index = parseGalleryIndex(
      `
- name: good
- description: nameless
- name: ../evil
- name: outside
  files: [{ filename: ../../etc/cron.d/x, uri: "hf://o/r/f" }]
- name: absolute
  files: [{ filename: /etc/passwd, uri: "hf://o/r/f" }]
- name: sum
  files: [{ filename: f, sha256: xyz, uri: "hf://o/r/f" }]
- name: nowhere
  files: [{ filename: f }]
- just text
`,
      gallery,
    )
    assert.deepEqual(
      index.entries.map((entry) => entry.name),
      ['good'],
    )
    assert.equal(index.skipped, 7)
    assert.match(index.firstProblem ?? '', /without a name/)
  })
  it('refuses what is no list, no YAML or too large', () => {
    for (const text of ['name: x', '"text"', 'a: [', `# ${'x'.repeat(9_000_000)}`]) {
      assert.throws(() => parseGalleryIndex(text, gallery), { code: 'model.config-invalid' })
    }
  })
  it('is not blown up by aliases of aliases', () => {
    const rows = ['a: &a [x, x, x, x, x, x, x, x, x, x]']
    for (const [index, name] of [...'bcdefgh'].entries()) {
      const before = 'abcdefgh'[index]
      rows.push(`${name}: &${name} [${Array(10).fill(`*${before}`).join(', ')}]`)
    }
    const text = `- name: bomb\n  overrides:\n${rows.map((row) => `    ${row}`).join('\n')}\n- name: fine\n`
    try {
      assert.deepEqual(
        parseGalleryIndex(text, gallery).entries.map((entry) => entry.name),
        ['fine'],
      )
    } catch (error) {
      assert.equal((error as { code?: string }).code, 'model.config-invalid')
    }
  })
})

describe('bounded YAML', () => {
  it('reads thousands of merged entries, as real galleries have them', () => {
    const entries = Array.from({ length: 3000 }, (_, index) => `- <<: *a\n  name: n${index}`)
    const value = readYaml(`- &a\n  name: a\n  tags: [x, y]\n${entries.join('\n')}\n`, 'index', 1_000_000)
    assert.equal((value as unknown[]).length, 3001)
  })
  it('copies without sharing and refuses endless depth', () => {
    const shared = { deep: [1] }
    const copy = boundedCopy({ a: shared, b: shared }, 'x') as { a: unknown; b: unknown }
    assert.deepEqual(copy, { a: shared, b: shared })
    assert.notEqual(copy.a, copy.b)
    let nested: unknown = 1
    for (let depth = 0; depth < 50; depth += 1) nested = [nested]
    assert.throws(() => boundedCopy(nested, 'x'), { code: 'model.config-invalid' })
    assert.equal(Object.getPrototypeOf(boundedCopy(JSON.parse('{"__proto__":{"a":1}}'), 'x')), Object.prototype)
  })
  it('merges maps key by key and replaces everything else', () => {
    const merged = mergeConfig({ a: { x: 1, y: [1, 2] }, b: 1 }, { a: { y: [3], z: 4 }, b: { c: 1 } })
    assert.deepEqual(merged, { a: { x: 1, y: [3], z: 4 }, b: { c: 1 } })
  })
})

describe('names', () => {
  it('compares without capitals, with __ for /', () => {
    assert.equal(comparableName('Org/Model'), comparableName('org__model'))
  })
  it('lets the names of real galleries pass and leaves out those that are no file names', () => {
    const names = (list: readonly string[]): string[] =>
      parseGalleryIndex(JSON.stringify(list.map((name) => ({ name }))), gallery).entries.map((entry) => entry.name)
    const real = ['org/model', 'Ünï', '7b', ...(process.platform === 'win32' ? [] : ['llama-3.2-1b-instruct:q4_k_m'])]
    assert.deepEqual(names(real), real)
    assert.deepEqual(names(['', '.', '../x', '.hidden', 'a/../b', 'a\\b', 'a\nb', 'x'.repeat(300)]), [])
  })
})

describe('parseBaseConfig', () => {
  it('finds the configuration as text inside', () => {
    const base = parseBaseConfig('name: n\nconfig_file: |\n  backend: llama-cpp\n  f16: true\n', 'base')
    assert.deepEqual(base, { name: 'n', config: { backend: 'llama-cpp', f16: true }, files: [] })
  })
})

describe('parseGalleryList', () => {
  it('reads the JSON of --galleries', () => {
    assert.deepEqual(parseGalleryList('[{"name":"a","url":"github:o/r/index.yaml@master"}]'), [
      { name: 'a', url: 'github:o/r/index.yaml@master' },
    ])
    assert.deepEqual(parseGalleryList('[]'), [])
  })
  for (const text of [
    '',
    '{}',
    '[1]',
    '[{"name":"a"}]',
    '[{"name":"a@b","url":"https://x"}]',
    '[{"name":"a","url":"x"}]',
  ]) {
    it(`refuses ${text}`, () => assert.throws(() => parseGalleryList(text), { code: 'config.invalid' }))
  }
})

describe('the shipped gallery', () => {
  const text = readFileSync(SHIPPED_GALLERY.url, 'utf8')
  const { entries, skipped } = parseGalleryIndex(text, SHIPPED_GALLERY)
  it('is whole', () => {
    assert.equal(skipped, 0)
    assert.equal(entries.length, (parse(text) as unknown[]).length)
    assert.equal(new Set(entries.map((entry) => comparableName(entry.name))).size, entries.length)
  })
  it('has the default model in two places', () => {
    const sources = entries.find((entry) => entry.name === 'smollm2-135m-instruct')?.files[0]?.sources ?? []
    assert.deepEqual(
      sources.map((source) => parseModelUri(source).kind),
      ['hub', 'pypi'],
    )
  })
  it('has readable sources, and a file for every model it names', () => {
    for (const entry of entries) {
      for (const file of entry.files) for (const source of file.sources) parseModelUri(source)
      const { model } = entry.overrides['parameters'] as { model: string }
      assert.ok(
        entry.files.some((file) => file.filename === model),
        entry.name,
      )
    }
  })
})

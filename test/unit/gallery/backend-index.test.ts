import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { capabilityWords, parseBackendIndex, variantFor } from '../../../src/gallery/backend/backend-entry.ts'
import type { MachineFacts } from '../../../src/gallery/backend/machine-facts.ts'

const GALLERY = { name: 'localai', url: 'https://example.org/index.yaml' }
const PLAIN: MachineFacts = {
  platform: 'linux',
  arch: 'x64',
  hasNvidiaDriver: false,
  hasGraphicsDevice: false,
  hasGlibc: true,
}

/** In the form of the original's index: anchors, merge keys with a tag, backends that stand for others. */
const INDEX = `
- &whisper
  name: whispercpp
  alias: whisper
  license: mit
  icon: https://example.org/icon.png
  description: |
    Speech to text
  urls: [https://example.org/whisper]
  tags: [audio-transcription, CPU]
  capabilities:
    default: "cpu-whisper"
    nvidia: "cuda12-whisper"
    metal: "metal-whisper"
- !!merge <<: *whisper
  name: cpu-whisper
  uri: "registry.example/backends:latest-cpu-whisper"
  mirrors:
    - mirror.example/backends:latest-cpu-whisper
- !!merge <<: *whisper
  name: cuda12-whisper
  uri: "registry.example/backends:latest-cuda12-whisper"
- name: ../evil
  uri: https://example.org/x.tar.gz
- name: empty
- just a text
`

describe('an index of backends', () => {
  it('is read as the original writes it; what makes no sense is left out and counted', () => {
    const { entries, skipped, firstProblem } = parseBackendIndex(INDEX, GALLERY)
    assert.deepEqual(
      entries.map(({ id, alias, sources }) => [id, alias, sources]),
      [
        ['localai@whispercpp', 'whisper', []],
        [
          'localai@cpu-whisper',
          'whisper',
          ['registry.example/backends:latest-cpu-whisper', 'mirror.example/backends:latest-cpu-whisper'],
        ],
        ['localai@cuda12-whisper', 'whisper', ['registry.example/backends:latest-cuda12-whisper']],
      ],
    )
    assert.deepEqual(entries[1]?.capabilities, {})
    assert.deepEqual([entries[0]?.license, entries[0]?.description], ['mit', 'Speech to text'])
    assert.equal(skipped, 3)
    assert.match(firstProblem ?? '', /invalid backend name/)
  })

  it('is refused when it is no list', () => {
    assert.throws(() => parseBackendIndex('a: 1', GALLERY), { message: /is not a list/ })
  })

  const machines: readonly (readonly [what: string, facts: Partial<MachineFacts>, variant: string])[] = [
    ['a plain machine', {}, 'cpu-whisper'],
    ['one with an NVIDIA card', { hasNvidiaDriver: true, hasGraphicsDevice: true }, 'cuda12-whisper'],
    ['one with another card, for which there is nothing', { hasGraphicsDevice: true }, 'cpu-whisper'],
    ['a Mac', { platform: 'darwin', arch: 'arm64' }, 'metal-whisper'],
  ]
  for (const [what, facts, variant] of machines) {
    it(`gives ${what} its variant`, () => {
      const [meta] = parseBackendIndex(INDEX, GALLERY).entries
      assert.ok(meta)
      assert.equal(variantFor(meta, { ...PLAIN, ...facts }), variant)
    })
  }

  it('says so when this machine gets none', () => {
    const { entries } = parseBackendIndex('- {name: m, capabilities: {metal: x}}', GALLERY)
    const [meta] = entries
    assert.ok(meta)
    assert.throws(() => variantFor(meta, PLAIN), { code: 'backend.unsupported', message: /default.*metal/ })
    assert.deepEqual(capabilityWords({ ...PLAIN, arch: 'arm64', hasNvidiaDriver: true })[0], 'nvidia-l4t')
  })
})

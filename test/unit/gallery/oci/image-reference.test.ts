import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  describeImage,
  describeOllama,
  type ImageReference,
  manifestName,
  parseImageReference,
  parseOllamaReference,
} from '../../../../src/gallery/oci/image-reference.ts'

const HEX = 'a'.repeat(64)

const IMAGES: readonly (readonly [string, ImageReference])[] = [
  ['alpine', { registry: 'docker.io', repository: 'library/alpine' }],
  ['alpine:3', { registry: 'docker.io', repository: 'library/alpine', tag: '3' }],
  ['ai/smollm2:135M', { registry: 'docker.io', repository: 'ai/smollm2', tag: '135M' }],
  ['docker.io/alpine', { registry: 'docker.io', repository: 'library/alpine' }],
  ['index.docker.io/a/b', { registry: 'docker.io', repository: 'a/b' }],
  ['quay.io/o/r:v1', { registry: 'quay.io', repository: 'o/r', tag: 'v1' }],
  ['localhost/r', { registry: 'localhost', repository: 'r' }],
  ['localhost:5000/a/b/c:t', { registry: 'localhost:5000', repository: 'a/b/c', tag: 't' }],
  ['[::1]:5000/r:t', { registry: '[::1]:5000', repository: 'r', tag: 't' }],
  ['10.0.0.5:5000/r', { registry: '10.0.0.5:5000', repository: 'r' }],
  [`ghcr.io/o/r@sha256:${HEX}`, { registry: 'ghcr.io', repository: 'o/r', digest: HEX }],
  [`ghcr.io/o/r:t@sha256:${HEX}`, { registry: 'ghcr.io', repository: 'o/r', tag: 't', digest: HEX }],
  ['ghcr.io/o/a__b.c-d--e', { registry: 'ghcr.io', repository: 'o/a__b.c-d--e' }],
]

const NO_IMAGES = [
  '',
  ':tag',
  'Alpine',
  'quay.io/',
  'quay.io//r',
  'quay.io/o/../r',
  'quay.io/o/r:',
  'quay.io/o/r:a b',
  `quay.io/o/r:${'t'.repeat(129)}`,
  'quay.io/o/r@sha256:abc',
  'quay.io/o/r@sha512:abc',
  `quay.io/o/r@sha256:${HEX.toUpperCase()}`,
  `quay.io/o/r@sha256:${HEX}@sha256:${HEX}`,
  'quay.io:port/o/r',
  'user:secret@quay.io/o/r',
  'quay.io/o/r?x=1',
  'quay.io/o/r\r\nhost: x',
  `quay.io/${'a/'.repeat(200)}b`,
]

describe('parseImageReference', () => {
  for (const [text, expected] of IMAGES) {
    it(`reads ${text.slice(0, 60)}`, () => {
      assert.deepEqual(parseImageReference(text), expected)
      assert.deepEqual(parseImageReference(describeImage(expected)), expected)
    })
  }
  for (const text of NO_IMAGES) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
      assert.throws(() => parseImageReference(text), { code: 'download.refused', message: /is no name of an image/ })
    })
  }
  it('asks for the digest, then the tag, then the latest', () => {
    assert.equal(manifestName(parseImageReference(`r:t@sha256:${HEX}`)), `sha256:${HEX}`)
    assert.equal(manifestName(parseImageReference('r:t')), 't')
    assert.equal(manifestName(parseImageReference('r')), 'latest')
  })
})

describe('parseOllamaReference', () => {
  const registry = 'registry.ollama.ai'
  const models: readonly (readonly [string, ImageReference])[] = [
    ['gemma', { registry, repository: 'library/gemma' }],
    ['gemma:2b', { registry, repository: 'library/gemma', tag: '2b' }],
    ['someone/gemma:2b', { registry, repository: 'someone/gemma', tag: '2b' }],
    ['hf.co/Someone/Llama-3-GGUF:Q4_K_M', { registry: 'hf.co', repository: 'Someone/Llama-3-GGUF', tag: 'Q4_K_M' }],
    ['localhost:5000/library/tiny', { registry: 'localhost:5000', repository: 'library/tiny' }],
  ]
  for (const [text, expected] of models) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseOllamaReference(text), expected)
      assert.deepEqual(parseOllamaReference(describeOllama(expected)), expected)
      assert.equal(describeOllama(expected), text)
    })
  }
  for (const text of ['', ':2b', 'a/b/c/d', '../gemma', 'gemma:', 'gemma:a/b', 'a//b', 'gemma@sha256:x', 'ge mma']) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseOllamaReference(text), { code: 'download.refused' })
    })
  }
})

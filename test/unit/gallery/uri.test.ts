import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  checkRelativePath,
  chooseHubEndpoint,
  describeUri,
  fileNameOf,
  looksLikeUri,
  type ModelUri,
  PUBLIC_HUB,
  parseModelUri,
  toDownloadUrl,
  URI_FORMS,
} from '../../../src/gallery/download/uri.ts'

const hub = (file: string, branch = 'main'): ModelUri => ({ kind: 'hub', owner: 'o', repository: 'r', file, branch })

const OLLAMA = 'registry.ollama.ai'

const READABLE: readonly (readonly [string, ModelUri])[] = [
  ['huggingface://o/r/f.gguf', hub('f.gguf')],
  ['hf://o/r/f.gguf', hub('f.gguf')],
  ['HF://o/r/f.gguf', hub('f.gguf')],
  ['hf.co/o/r/f.gguf', hub('f.gguf')],
  ['https://hf.co/o/r/f.gguf', hub('f.gguf')],
  ['huggingface.co/o/r/f.gguf', hub('f.gguf')],
  ['huggingface://o/r/sub/f.gguf@refs/pr/3', hub('sub/f.gguf', 'refs/pr/3')],
  ['https://huggingface.co/o/r/blob/main/f.gguf', hub('f.gguf')],
  ['https://huggingface.co/o/r/resolve/v1/sub/a%20b.gguf?download=true', hub('sub/a b.gguf', 'v1')],
  ['https://example.com/f.gguf?sig=x', { kind: 'http', url: 'https://example.com/f.gguf?sig=x' }],
  ['http://example.com/f.gguf', { kind: 'http', url: 'http://example.com/f.gguf' }],
  ['file:///models/a%20b.gguf', { kind: 'file', path: '/models/a b.gguf' }],
  ['file://f.gguf', { kind: 'file', path: './f.gguf' }],
  ['/models/f.gguf', { kind: 'file', path: '/models/f.gguf' }],
  ['./f.gguf', { kind: 'file', path: './f.gguf' }],
  ['../f.gguf', { kind: 'file', path: '../f.gguf' }],
  ['C:\\models\\f.gguf', { kind: 'file', path: 'C:\\models\\f.gguf' }],
  ['npm://pkg@1.2.3/a/f.gguf', { kind: 'npm', packageName: 'pkg', version: '1.2.3', file: 'a/f.gguf' }],
  ['npm://@s/pkg@1.2.3-rc.1/f.gguf', { kind: 'npm', packageName: '@s/pkg', version: '1.2.3-rc.1', file: 'f.gguf' }],
  ['pypi://My-Pkg@0.1.2/m/f.gguf', { kind: 'pypi', packageName: 'My-Pkg', version: '0.1.2', file: 'm/f.gguf' }],
  ['oci://quay.io/o/r:v1', { kind: 'oci', image: { registry: 'quay.io', repository: 'o/r', tag: 'v1' } }],
  ['docker://alpine', { kind: 'oci', image: { registry: 'docker.io', repository: 'library/alpine' } }],
  ['quay.io/o/r:v1', { kind: 'oci', image: { registry: 'quay.io', repository: 'o/r', tag: 'v1' } }],
  ['ghcr.io/o/r', { kind: 'oci', image: { registry: 'ghcr.io', repository: 'o/r' } }],
  ['docker.io/ai/m', { kind: 'oci', image: { registry: 'docker.io', repository: 'ai/m' } }],
  ['oci://h:1/r#a/b%23c.gguf', { kind: 'oci', image: { registry: 'h:1', repository: 'r' }, member: 'a/b#c.gguf' }],
  ['ollama://gemma:2b', { kind: 'ollama', image: { registry: OLLAMA, repository: 'library/gemma', tag: '2b' } }],
  ['ollama://me/gemma', { kind: 'ollama', image: { registry: OLLAMA, repository: 'me/gemma' } }],
  ['ocifile:///a%23b/i.tar', { kind: 'ocifile', path: '/a#b/i.tar' }],
  ['ocifile://i.tar#m.gguf', { kind: 'ocifile', path: './i.tar', member: 'm.gguf' }],
  ['github:o/r/dir/f.gguf@dev', { kind: 'github', owner: 'o', repository: 'r', file: 'dir/f.gguf', branch: 'dev' }],
  ['github://o/r/f.yaml', { kind: 'github', owner: 'o', repository: 'r', file: 'f.yaml', branch: 'main' }],
]

const UNREADABLE = [
  '',
  'model',
  'model.gguf',
  'ftp://example.com/f.gguf',
  'javascript:alert(1)',
  'huggingface://',
  'huggingface://o',
  'huggingface://o/r',
  'huggingface://o/r/',
  'huggingface://o/r/../../x',
  'huggingface://o/../f.gguf',
  'huggingface://o/r/f.gguf@../../x',
  'hf://o/r/f.gguf@a b',
  'npm://pkg/f.gguf',
  'npm://pkg@1.0.0',
  'npm://pkg@1.0.0/',
  'npm://pkg@1.0.0/../f.gguf',
  'npm://pkg@1.0.0//f.gguf',
  'npm://--registry=x@1.0.0/f.gguf',
  'npm://pkg@file:../x/f.gguf',
  'npm://Pkg;rm@1.0.0/f.gguf',
  'pypi://-r@1.0/f.gguf',
  'pypi://pkg@1.0 --index-url x/f.gguf',
  'pypi://pkg@1.0/C:/f.gguf',
  'https://user:secret@example.com/f.gguf',
  'https://',
  `https://example.com/${'x'.repeat(5000)}`,
  'file://',
  '/models/\u0000f.gguf',
  'oci://',
  'oci://Quay.io/O/R',
  'oci://quay.io/o/r#../x',
  'oci://quay.io/o/r#',
  'quay.io/',
  'ollama://',
  'ollama://a/b/c/d',
  'ocifile://',
  'ocifile://i.tar#/etc/passwd',
]

describe('parseModelUri', () => {
  for (const [text, expected] of READABLE) {
    it(`reads ${text}`, () => assert.deepEqual(parseModelUri(text), expected))
  }
  for (const text of UNREADABLE) {
    it(`refuses ${JSON.stringify(text.slice(0, 60))}`, () => {
      assert.throws(() => parseModelUri(text), { name: 'AppError', code: 'download.refused' })
    })
  }
  it('says which forms there are', () => {
    assert.throws(
      () => parseModelUri('gopher://x'),
      (error: Error) => error.message.includes(URI_FORMS),
    )
  })
  it('takes a bare word for a file only when there is such a file', () => {
    const isFile = (path: string): boolean => path === 'there.gguf'
    assert.deepEqual(parseModelUri('there.gguf', { isFile }), { kind: 'file', path: './there.gguf' })
    assert.throws(() => parseModelUri('elsewhere.gguf', { isFile }), { code: 'download.refused' })
  })
  it('keeps credentials out of its messages', () => {
    assert.throws(
      () => parseModelUri('https://user:secret@example.com/f.gguf'),
      (error: Error) => !error.message.includes('secret') && !error.message.includes('user:'),
    )
  })
})

describe('what a URI leads to', () => {
  it('asks the hub that was chosen, path parts escaped', () => {
    const uri = hub('sub/a b#1.gguf', 'refs/pr/3')
    assert.ok(uri.kind === 'hub')
    assert.equal(
      toDownloadUrl(uri, 'https://mirror.example'),
      'https://mirror.example/o/r/resolve/refs/pr/3/sub/a%20b%231.gguf',
    )
  })
  it('names the local file after the path', () => {
    const names: readonly (readonly [string, string])[] = [
      ['hf://o/r/sub/f.Q4_K_M.gguf@main', 'f.Q4_K_M.gguf'],
      ['https://example.com/a/f.gguf@v2?x=1', 'f.gguf'],
      ['npm://p@1.0.0/x/f.gguf', 'f.gguf'],
      ['/models/f.gguf', 'f.gguf'],
      ['ollama://gemma:2b', 'gemma__2b.gguf'],
      ['ollama://me/gemma', 'me__gemma.gguf'],
      [`oci://quay.io/o/r:v1@sha256:${'a'.repeat(64)}`, 'quay.io__o__r__v1.gguf'],
      ['oci://quay.io/o/r:v1#sub/a%23b.gguf', 'a#b.gguf'],
      ['ocifile:///x/i.tar.gz', 'i.gguf'],
    ]
    for (const [text, name] of names) assert.equal(fileNameOf(parseModelUri(text)), name)
  })
  it('never makes a hidden or odd name out of a URL', () => {
    for (const url of ['https://example.com/', 'https://example.com/.ssh', 'https://example.com/a%2F..%2F..%2F.x']) {
      assert.match(fileNameOf({ kind: 'http', url }), /^[0-9a-f]{32}$/)
    }
  })
  it('describes without query strings and reads its own descriptions', () => {
    assert.equal(describeUri(parseModelUri('https://example.com/f.gguf?token=x#y')), 'https://example.com/f.gguf')
    for (const [text, expected] of READABLE) {
      if (expected.kind !== 'http') assert.deepEqual(parseModelUri(describeUri(parseModelUri(text))), expected, text)
    }
  })
  it('tells URIs from the names of gallery entries', () => {
    for (const text of [
      'hf://o/r/f',
      'hf.co/o/r/f',
      '/a',
      './a',
      'github:o/r/f',
      'npm://p@1/f',
      'quay.io/o/r',
      'ollama://m',
    ]) {
      assert.equal(looksLikeUri(text), true, text)
    }
    for (const text of ['smollm2', 'gallery@smollm2', 'llama-3.2:q4', 'owner/model']) {
      assert.equal(looksLikeUri(text), false, text)
    }
  })
})

describe('chooseHubEndpoint', () => {
  it('prefers a mirror, then the endpoint, then the public hub', () => {
    const all = { HF_MIRROR: 'https://a.example', HF: 'https://b.example', HF_ENDPOINT: 'https://c.example/' }
    assert.equal(chooseHubEndpoint(all), 'https://a.example')
    assert.equal(chooseHubEndpoint({ ...all, HF_MIRROR: '' }), 'https://b.example')
    assert.equal(chooseHubEndpoint({ HF_ENDPOINT: all.HF_ENDPOINT }), 'https://c.example')
    assert.equal(chooseHubEndpoint({}), PUBLIC_HUB)
  })
  it('adds https to a bare host and refuses what is no address', () => {
    assert.equal(chooseHubEndpoint({ HF: 'mirror.example' }), 'https://mirror.example')
    assert.throws(() => chooseHubEndpoint({ HF: 'a b' }), { code: 'config.invalid' })
  })
})

describe('checkRelativePath', () => {
  it('answers paths with forward slashes and refuses those that leave', () => {
    assert.equal(checkRelativePath('a\\b.gguf', 'file'), 'a/b.gguf')
    for (const path of ['', '/a', 'a/../b', '..', 'a//b', './a', 'a/', 'C:\\x', 'a\u0000b', '..\\a']) {
      assert.throws(() => checkRelativePath(path, 'file'), { code: 'download.refused', message: /invalid file path/ })
    }
  })
})

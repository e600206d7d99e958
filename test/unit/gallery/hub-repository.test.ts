import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { chooseFiles, parseRepository } from '../../../src/gallery/hub-repository.ts'

const files = (...paths: readonly string[]): { readonly path: string }[] => paths.map((path) => ({ path }))

describe('the address of a repository', () => {
  const known: readonly (readonly [text: string, repository: readonly [string, string, string]])[] = [
    ['huggingface://owner/repo', ['owner', 'repo', 'main']],
    ['hf://owner/repo@dev', ['owner', 'repo', 'dev']],
    ['https://huggingface.co/Owner/Repo-GGUF', ['Owner', 'Repo-GGUF', 'main']],
    ['https://huggingface.co/owner/repo/tree/v1.0', ['owner', 'repo', 'v1.0']],
    ['hf.co/owner/repo/', ['owner', 'repo', 'main']],
  ]
  for (const [text, [owner, name, branch]] of known) {
    it(`is ${text}`, () => assert.deepEqual(parseRepository(text), { owner, name, branch }))
  }
  for (const text of [
    'owner/repo',
    'hf://owner/repo/file.gguf',
    'https://example.org/o/r',
    'hf://../x',
    'hf://owner',
  ]) {
    it(`is not ${text}`, () => assert.equal(parseRepository(text), undefined))
  }
})

describe('choosing among the files of a repository', () => {
  const all = files('README.md', 'm-Q2_K.gguf', 'm-Q4_K_M.gguf', 'm-Q8_0.gguf', 'mmproj-F16.gguf', 'mmproj-Q8_0.gguf')

  it('takes Q4_K_M, or what is wanted first among what is there, else the last one', () => {
    assert.equal(chooseFiles(all)?.model, 'm-Q4_K_M.gguf')
    assert.equal(chooseFiles(all, { quantizations: ['q5_k_m', 'q8_0'] })?.model, 'm-Q8_0.gguf')
    assert.equal(chooseFiles(files('a-Q2_K.gguf', 'b-Q3_K.gguf'))?.model, 'b-Q3_K.gguf')
  })

  it('takes a projector only when asked to', () => {
    assert.equal(chooseFiles(all)?.projector, undefined)
    const chosen = chooseFiles(all, { projectorQuantizations: ['f16'] })
    assert.deepEqual(
      chosen?.files.map(({ path }) => path),
      ['m-Q4_K_M.gguf', 'mmproj-F16.gguf'],
    )
  })

  it('takes all parts of a model in several files', () => {
    const parts = files('x/m-Q4_K_M-00001-of-00002.gguf', 'x/m-Q4_K_M-00002-of-00002.gguf', 'm-Q8_0.gguf')
    const chosen = chooseFiles(parts)
    assert.equal(chosen?.model, 'x/m-Q4_K_M-00001-of-00002.gguf')
    assert.equal(chosen.files.length, 2)
  })

  it('takes nothing where there is no GGUF', () => {
    assert.equal(chooseFiles(files('model.safetensors', 'mmproj.gguf')), undefined)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { IMAGE_TAGS, otherImages } from '../../../src/gallery/backend/install-entry.ts'

describe('otherImages', () => {
  it("names the branch's image, then its development image", () => {
    for (const place of ['quay.io/o/backends', 'oci://quay.io/o/latest-backends', 'docker://h:5000/b']) {
      assert.deepEqual(otherImages(`${place}:latest-gpu-cuda-12-thing`, IMAGE_TAGS), [
        `${place}:master-gpu-cuda-12-thing`,
        `${place}:master-gpu-cuda-12-development`,
      ])
    }
  })
  it('uses the words that it is given, as they are', () => {
    const words = { release: 'v1', branch: '$&', development: 'nightly' }
    assert.deepEqual(otherImages('quay.io/o/b:v1-cpu-x', words), ['quay.io/o/b:$&-cpu-x', 'quay.io/o/b:$&-cpu-nightly'])
  })
  it('does not ask for a development image twice', () => {
    assert.deepEqual(otherImages('quay.io/o/b:latest-cpu-development', IMAGE_TAGS), [
      'quay.io/o/b:master-cpu-development',
    ])
  })
  it('knows none for other tags and other places', () => {
    for (const source of [
      'quay.io/o/b:v1',
      'quay.io/o/latest-b',
      'https://example.com:8080/latest-b.tar.gz',
      'https://example.com/a:latest-b',
      '/folder/latest-b',
      'h:5000/latest-b/c',
      '',
    ]) {
      assert.deepEqual(otherImages(source, IMAGE_TAGS), [], source)
    }
  })
})

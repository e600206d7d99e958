import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  anyPlatform,
  choosePlatform,
  type Descriptor,
  MAX_LAYERS,
  parseManifest,
  partsOf,
  platformOf,
  shownPlatforms,
} from '../../../../src/gallery/oci/manifest.ts'

const HEX = 'b'.repeat(64)
const entry = { mediaType: 'application/x', digest: `sha256:${HEX}`, size: 3 }
const LAYER = 'application/vnd.oci.image.layer.v1.tar'

function of(platform?: string, more: Partial<Descriptor> = {}): Descriptor {
  const [os = '', architecture = '', variant] = platform?.split('/') ?? []
  const where = platform === undefined ? {} : { platform: { os, architecture, ...(variant && { variant }) } }
  return { mediaType: 'm', sha256: HEX, size: 1, annotations: {}, ...where, ...more }
}

describe('parseManifest', () => {
  it('reads manifests and indexes of both kinds', () => {
    const layers = [{ ...entry, mediaType: `${LAYER}+gzip; a=b`, annotations: { a: 'b', c: 7 } }]
    const read = parseManifest(JSON.stringify({ schemaVersion: 2, layers }), 'x')
    assert.deepEqual(read, {
      kind: 'image',
      layers: [{ mediaType: `${LAYER}+gzip`, sha256: HEX, size: 3, annotations: { a: 'b' } }],
    })
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7', features: [] }
    const index = parseManifest(JSON.stringify({ manifests: [{ ...entry, platform }] }), 'x')
    assert.ok(index.kind === 'index')
    assert.deepEqual(index.manifests[0]?.platform, { os: 'linux', architecture: 'arm', variant: 'v7' })
  })

  const broken: readonly (readonly [string, unknown, RegExp])[] = [
    ['text', 'no JSON', /not a JSON object/],
    ['a list', [], /not a JSON object/],
    ['nothing', {}, /neither layers nor manifests/],
    ['the first form', { schemaVersion: 1, fsLayers: [] }, /schema 1/],
    ['an entry that is none', { layers: [7] }, /that is none/],
    ['another hash', { layers: [{ ...entry, digest: 'sha512:abc' }] }, /no SHA-256 digest/],
    ['a path for a digest', { layers: [{ ...entry, digest: 'sha256:../../x' }] }, /no SHA-256 digest/],
    ['no size', { layers: [{ ...entry, size: '3' }] }, /without a size/],
    ['a negative size', { layers: [{ ...entry, size: -1 }] }, /without a size/],
    ['an enormous size', { layers: [{ ...entry, size: 1e300 }] }, /without a size/],
    ['too many layers', { layers: Array.from({ length: MAX_LAYERS + 1 }, () => entry) }, /more than 1000/],
  ]
  for (const [what, value, message] of broken) {
    it(`refuses ${what}`, () => {
      const text = typeof value === 'string' ? value : JSON.stringify(value)
      assert.throws(() => parseManifest(text, 'the image'), { code: 'download.refused', message })
    })
  }
})

describe('choosing a platform', () => {
  const linux = { os: 'linux', architecture: 'amd64' }

  it('knows this machine by the words of images', () => {
    assert.deepEqual(platformOf('linux', 'x64'), linux)
    assert.deepEqual(platformOf('darwin', 'arm64'), { os: 'darwin', architecture: 'arm64' })
    assert.deepEqual(platformOf('win32', 'ia32'), { os: 'windows', architecture: '386' })
  })
  it('takes what every machine of the architecture can run', () => {
    const amd = [of('linux/amd64/v3'), of('linux/arm64'), of('linux/amd64'), of('windows/amd64')]
    assert.equal(choosePlatform(amd, linux), amd[2])
    const arm = [of('linux/arm/v6'), of('linux/arm/v7')]
    assert.equal(choosePlatform(arm, { os: 'linux', architecture: 'arm' }), arm[1])
    const only = [of('linux/amd64/v2')]
    assert.equal(choosePlatform(only, linux), only[0])
  })
  it('takes what is of no platform only when there is nothing else, and never an attestation', () => {
    const nobody = of()
    const attested = of('unknown/unknown', { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } })
    assert.equal(choosePlatform([attested, nobody], linux), nobody)
    assert.equal(choosePlatform([attested, of('linux/arm64')], linux), undefined)
    assert.equal(choosePlatform([of(undefined, { annotations: attested.annotations })], linux), undefined)
    assert.equal(choosePlatform([], linux), undefined)
    const other = of('linux/arm64')
    assert.equal(anyPlatform([attested, other]), other)
    assert.equal(shownPlatforms([attested, other, of('linux/arm/v7'), other]), 'linux/arm64, linux/arm/v7')
  })
})

describe('partsOf', () => {
  const part = (mediaType: string, annotations: Record<string, string> = {}): unknown =>
    partsOf([of(undefined, { mediaType, annotations })], 'unnamed.gguf').map(({ name }) => name ?? 'archive')[0]
  const title = (name: string): Record<string, string> => ({ 'org.opencontainers.image.title': name })

  it('knows archives and files by their types and names', () => {
    assert.equal(part(LAYER), 'archive')
    assert.equal(part(`${LAYER}+zstd`), 'archive')
    assert.equal(part('application/vnd.docker.image.rootfs.diff.tar.gzip'), 'archive')
    assert.equal(part('application/vnd.cncf.model.weight.v1.tar', { 'org.cncf.model.filepath': 'x' }), 'archive')
    assert.equal(part('application/vnd.cncf.model.weight.v1.raw', { 'org.cncf.model.filepath': 'a/x' }), 'a/x')
    assert.equal(part(LAYER, title('m.gguf')), 'm.gguf')
    assert.equal(part(LAYER, { ...title('folder'), 'io.deis.oras.content.unpack': 'true' }), 'archive')
    assert.equal(part('application/octet-stream', title('m.gguf')), 'm.gguf')
    assert.equal(part('application/octet-stream'), undefined)
  })
  it('gives models without names one', () => {
    assert.equal(part('application/vnd.ollama.image.model'), 'unnamed.gguf')
    assert.equal(part('application/vnd.docker.ai.gguf.v3'), 'unnamed.gguf')
    assert.equal(part('application/vnd.docker.ai.mmproj'), 'mmproj-unnamed.gguf')
    assert.equal(part('application/vnd.ollama.image.license'), undefined)
  })
  it('refuses names that lead out', () => {
    for (const name of ['../x', '/x', 'a/../x', '', 'C:\\x', 'a\\..\\..\\x', 'a\u0000']) {
      assert.throws(() => part('application/octet-stream', title(name)), { code: 'download.refused' }, name)
    }
  })
})

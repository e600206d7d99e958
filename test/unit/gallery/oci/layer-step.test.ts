import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type LayerMember, type LayerStep, readLayerStep } from '../../../../src/gallery/oci/layer-step.ts'

const file = (path: string, more: Partial<LayerMember> = {}): LayerMember => ({ path, type: 'File', ...more })

const STEPS: readonly (readonly [LayerMember, LayerStep])[] = [
  [file('a/b'), { do: 'file', path: 'a/b', mode: 0o644 }],
  [file('./a//b'), { do: 'file', path: 'a/b', mode: 0o644 }],
  [file('a', { mode: 0o4755 }), { do: 'file', path: 'a', mode: 0o755 }],
  [file('a', { mode: 0 }), { do: 'file', path: 'a', mode: 0o600 }],
  [
    { path: 'a/', type: 'Directory', mode: 0o1777 },
    { do: 'folder', path: 'a', mode: 0o777 },
  ],
  [
    { path: './', type: 'Directory' },
    { do: 'folder', path: '', mode: 0o755 },
  ],
  [
    { path: '/', type: 'Directory' },
    { do: 'folder', path: '', mode: 0o755 },
  ],
  [
    { path: 'a/l', type: 'SymbolicLink', linkpath: '../b' },
    { do: 'symlink', path: 'a/l', to: '../b' },
  ],
  [
    { path: 'l', type: 'SymbolicLink', linkpath: '/usr/b' },
    { do: 'symlink', path: 'l', to: '/usr/b' },
  ],
  [
    { path: 'a/l', type: 'Link', linkpath: './b/c' },
    { do: 'hardlink', path: 'a/l', to: 'b/c' },
  ],
  [file('a/.wh.b'), { do: 'remove', path: 'a/b' }],
  [file('.wh.b'), { do: 'remove', path: 'b' }],
  [file('a/.wh..wh..opq'), { do: 'empty', path: 'a' }],
  [file('.wh..wh..opq'), { do: 'empty', path: '' }],
  [file('.wh..wh.plnk'), { do: 'nothing' }],
]

const REFUSED: readonly LayerMember[] = [
  file(''),
  file('/etc/passwd'),
  file('//etc/passwd'),
  file('../evil'),
  file('a/../../evil'),
  file('a/../b'),
  file('..'),
  file('./'),
  file('C:/evil'),
  file('a\\..\\..\\evil'),
  file('a/'.repeat(101)),
  file('x'.repeat(5000)),
  file('.wh.'),
  file('.wh...'),
  file('a/.wh...'),
  file('../.wh.b'),
  file('../.wh..wh..opq'),
  { path: 'l', type: 'SymbolicLink' },
  { path: 'l', type: 'SymbolicLink', linkpath: 'C:\\x' },
  { path: 'l', type: 'Link', linkpath: '../outside' },
  { path: 'l', type: 'Link', linkpath: '/etc/passwd' },
  { path: 'l', type: 'Link' },
  { path: './', type: 'SymbolicLink', linkpath: 'x' },
  { path: 'd', type: 'CharacterDevice' },
  { path: 'd', type: 'BlockDevice' },
  { path: 'd', type: 'FIFO' },
]

describe('readLayerStep', () => {
  for (const [member, step] of STEPS) {
    it(`reads ${member.type} ${member.path}`, () => assert.deepEqual(readLayerStep(member), step))
  }
  for (const member of REFUSED) {
    it(`refuses ${member.type} ${JSON.stringify(member.path.slice(0, 30))} ${member.linkpath ?? ''}`, () => {
      assert.throws(() => readLayerStep(member), { code: 'download.refused', message: /the image is not unpacked/ })
    })
  }
})

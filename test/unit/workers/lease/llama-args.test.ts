import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { byteSize } from '../../../../src/config/lending-settings.ts'
import { lendableBytes, steadyBytes } from '../../../../src/workers/lease/lendable-memory.ts'
import { parseLlamaArgs, splitLlamaArgs } from '../../../../src/workers/lease/llama-args.ts'
import { isServerAddress, parseServerAddress } from '../../../../src/workers/lease/rpc-servers.ts'
import { MEBIBYTE } from './fakes.ts'

describe("the arguments of llama.cpp's RPC server", () => {
  const parse = (text: string) => parseLlamaArgs(splitLlamaArgs(text))

  it('are understood in their short and long forms', () => {
    const all = { host: '0.0.0.0', port: 50052, memoryBytes: 4096 * MEBIBYTE, threads: 8, cache: true }
    assert.deepEqual(parse('-H 0.0.0.0 -p 50052  -m 4096 -t 8 -c'), all)
    assert.deepEqual(parse('--host 0.0.0.0 --port=50052 --mem=4096 --threads 8 --cache --device cpu'), all)
    assert.deepEqual(parse(''), {})
  })

  for (const text of [
    '-x',
    '--frob=1',
    'word',
    '-t',
    '-t 0',
    '-t 1.5',
    '-m -1',
    '-p 70000',
    '-H',
    '-H -p',
    '-d CUDA0',
    '-d',
  ]) {
    it(`"${text}" is refused`, () => {
      assert.throws(() => parse(text), { code: 'config.invalid' })
    })
  }
})

describe('what a machine lends', () => {
  it('is what was set, or a share of what is free, and never more than is free', () => {
    assert.equal(lendableBytes(1000 * MEBIBYTE, undefined), 800 * MEBIBYTE)
    assert.equal(lendableBytes(1000 * MEBIBYTE, 900 * MEBIBYTE), 900 * MEBIBYTE)
    assert.equal(lendableBytes(1000 * MEBIBYTE, 9000 * MEBIBYTE), 1000 * MEBIBYTE)
    assert.equal(lendableBytes(10 * MEBIBYTE, undefined), 0)
  })

  it('is told in steps, and small changes are not', () => {
    const first = steadyBytes(undefined, 1000.5 * MEBIBYTE)
    assert.equal(first, 960 * MEBIBYTE)
    assert.equal(steadyBytes(first, 900 * MEBIBYTE), first)
    assert.equal(steadyBytes(first, 800 * MEBIBYTE), 768 * MEBIBYTE)
    assert.equal(steadyBytes(first, 0), 0)
    assert.equal(steadyBytes(0, 70 * MEBIBYTE), 64 * MEBIBYTE)
  })
})

describe('sizes and addresses on the command line', () => {
  it('sizes have units', () => {
    for (const [text, bytes] of [
      ['8GB', 8e9],
      ['512 MiB', 512 * MEBIBYTE],
      ['1.5gib', 1536 * MEBIBYTE],
      ['0', 0],
      ['100B', 100],
    ] as const) {
      assert.equal(byteSize.parse(text), bytes)
    }
    for (const text of ['', 'GB', '8XB', '-1', '1e9', '8 GB GB']) {
      assert.throws(() => byteSize.parse(text), { code: 'config.invalid' })
    }
  })

  it('addresses have a host and a port, and no peer id looks like one', () => {
    assert.deepEqual(parseServerAddress('box.local:50052'), { host: 'box.local', port: 50052 })
    assert.deepEqual(parseServerAddress('[fe80::1]:50052'), { host: 'fe80::1', port: 50052 })
    assert.equal(isServerAddress('12D3KooWFWgi4zfQn1vPyxejo6ZPgT9YbAfbtzUiiEgHbp5bcV4m'), false)
    for (const text of ['box', 'box:', ':1', 'box:0', 'box:70000', 'a b:1', 'http://box:1']) {
      assert.throws(() => parseServerAddress(text), { code: 'config.invalid' })
    }
  })
})

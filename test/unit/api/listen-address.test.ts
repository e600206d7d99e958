import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseListenAddress, toListenError } from '../../../src/api/listen-address.ts'
import { AppError } from '../../../src/base/errors.ts'

describe('parseListenAddress', () => {
  const good: readonly [text: string, host: string | undefined, port: number][] = [
    [':8080', undefined, 8080],
    ['0.0.0.0:80', '0.0.0.0', 80],
    ['example.local:1', 'example.local', 1],
    ['localhost:8080', '127.0.0.1', 8080],
    ['[::1]:8080', '::1', 8080],
    ['[fe80::1%eth0]:0', 'fe80::1%eth0', 0],
    [' :65535 ', undefined, 65535],
  ]
  for (const [text, host, port] of good) {
    it(`reads ${text}`, () => {
      assert.deepEqual(parseListenAddress(text), { host, port })
    })
  }

  for (const text of [
    '',
    '8080',
    'host',
    ':',
    ':x',
    ':65536',
    ':123456',
    '::1:8080',
    'http://host:80',
    'a b:80',
    '[::1]',
  ]) {
    it(`refuses "${text}" and shows how to write it`, () => {
      assert.throws(
        () => parseListenAddress(text),
        (error) => error instanceof AppError && error.code === 'config.invalid' && /use :8080/.test(error.message),
      )
    })
  }
})

describe('toListenError', () => {
  const cases = [
    ['EADDRINUSE', /^port 80 is already in use: choose another with --address$/],
    ['EACCES', /rights/],
    ['EADDRNOTAVAIL', /10\.0\.0\.9 is not an address of this machine/],
    ['ENOTFOUND', /10\.0\.0\.9 is not known/],
    ['EOTHER', /^as thrown$/],
  ] as const
  for (const [code, says] of cases) {
    it(`explains ${code}`, () => {
      const error = toListenError(Object.assign(new Error('as thrown'), { code }), { host: '10.0.0.9', port: 80 })
      assert.equal(error.code, 'config.invalid')
      assert.match(error.message, says)
    })
  }
})

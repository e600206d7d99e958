import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { rememberedPort, rememberPort } from '../../../src/compose/remembered-port.ts'

test('a port is kept over restarts while it is free', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'port-'))
  const file = join(folder, 'port')
  try {
    const first = await rememberedPort(file)
    assert.ok(first > 0)
    await rememberPort(file, first)
    assert.equal(await rememberedPort(file), first)
    const other = createServer().listen(first)
    await once(other, 'listening')
    assert.equal((other.address() as AddressInfo).port, first)
    const next = await rememberedPort(file)
    assert.ok(next > 0 && next !== first, 'something else has it now')
    other.close()
    writeFileSync(file, '99999')
    assert.ok((await rememberedPort(file)) < 65_536)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('a port that cannot be written leaves the one of before', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'port-'))
  const file = join(folder, 'port')
  try {
    writeFileSync(file, '4001\n')
    mkdirSync(`${file}.new`)
    await rememberPort(file, 4002)
    assert.equal(readFileSync(file, 'utf8'), '4001\n')
    rmSync(`${file}.new`, { recursive: true })
    await rememberPort(file, 4002)
    assert.equal(readFileSync(file, 'utf8'), '4002\n')
    assert.deepEqual(readdirSync(folder), ['port'])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

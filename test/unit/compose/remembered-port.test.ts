import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pino } from 'pino'
import { prepareMember } from '../../../src/compose/compose-member.ts'
import { rememberedPort, rememberPort } from '../../../src/compose/remembered-port.ts'
import { joinSettings } from '../../../src/config/network-settings.ts'
import { resolveSettings } from '../../../src/config/resolve-settings.ts'

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

test('a port that is taken while models are fetched, before the network starts, is not insisted on', async () => {
  const dataPath = mkdtempSync(join(tmpdir(), 'port-'))
  const other = createServer().listen(0)
  try {
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await new Promise((resolve) => other.close(resolve))
    mkdirSync(join(dataPath, 'p2p'))
    writeFileSync(join(dataPath, 'p2p', 'port'), `${port}\n`)
    const settings = { ...resolveSettings(joinSettings, {}, {}), dataPath, p2pMdns: false, p2pDisableDht: true }
    const log = pino({ level: 'silent' }, { write: () => {} })
    await using member = await prepareMember({ log, accept: (socket) => socket.destroy() }, settings)
    await once(other.listen(port), 'listening')
    try {
      await member.network.start()
      const kept = Number(readFileSync(join(dataPath, 'p2p', 'port'), 'utf8'))
      assert.ok(kept > 0 && kept !== port)
      assert.match(member.network.status().addresses.join(' '), new RegExp(`/tcp/${kept}\\b`))
    } finally {
      await member.network.stop()
    }
  } finally {
    other.close()
    rmSync(dataPath, { recursive: true })
  }
})

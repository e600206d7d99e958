import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { createDockerCredentials, credentialsIn } from '../../../../src/gallery/oci/docker-credentials.ts'

const AUTH = Buffer.from('me:secret').toString('base64')
const config = (auths: unknown): string => JSON.stringify({ auths })

describe('credentialsIn', () => {
  it('finds a registry however it is written', () => {
    for (const key of [
      'r.example:5000',
      'https://r.example:5000',
      'https://r.example:5000/v2/',
      'http://r.example:5000/',
    ]) {
      assert.equal(credentialsIn(config({ [key]: { auth: AUTH } }), 'r.example:5000'), AUTH, key)
    }
    assert.equal(credentialsIn(config({ 'https://index.docker.io/v1/': { auth: AUTH } }), 'docker.io'), AUTH)
    assert.equal(credentialsIn(config({ 'r.example': { username: 'me', password: 'secret' } }), 'r.example'), AUTH)
  })
  it('gives them to no other registry', () => {
    const text = config({ 'r.example': { auth: AUTH } })
    for (const other of ['example', 'r.example:5000', 'evil.r.example', 'r.example.evil', 'docker.io', '__proto__']) {
      assert.equal(credentialsIn(text, other), undefined, other)
    }
  })
  it('leaves out what it cannot use', () => {
    const odd = [
      { auth: '' },
      { auth: 'no base64!' },
      { auth: 'bm8gY29sb24=' },
      { auth: AUTH, identitytoken: 'x' },
      {},
      7,
    ]
    for (const entry of odd) assert.equal(credentialsIn(config({ 'r.example': entry }), 'r.example'), undefined)
    for (const text of ['', '{', '[]', '{"auths":[]}', 'null'])
      assert.equal(credentialsIn(text, 'r.example'), undefined)
  })
  it('reads the file each time, and needs none', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'local-ai-docker-'))
    try {
      const configFile = join(folder, 'config.json')
      const credentialsFor = createDockerCredentials({ configFile })
      assert.equal(await credentialsFor('r.example'), undefined)
      await writeFile(configFile, config({ 'r.example': { auth: AUTH } }))
      assert.equal(await credentialsFor('r.example'), AUTH)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

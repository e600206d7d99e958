import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import type { RunCommand } from '../../../src/gallery/download/child-command.ts'
import {
  ENGINE_VERSION,
  findEnginePackage,
  installEnginePackage,
  platformPackage,
} from '../../../src/gallery/engine-package.ts'

describe('the engine package', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'local-ai-engine-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function putPackages(root: string): void {
    mkdirSync(join(root, 'node_modules/node-llama-cpp'), { recursive: true })
    writeFileSync(join(root, 'node_modules/node-llama-cpp/package.json'), '{}')
    mkdirSync(join(root, 'node_modules/@node-llama-cpp', platformPackage(), 'bins'), { recursive: true })
  }

  it('has the version that package.json pins, as a peer and for development', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      peerDependencies: Record<string, string>
      devDependencies: Record<string, string>
    }
    assert.equal(manifest.peerDependencies['node-llama-cpp'], ENGINE_VERSION)
    assert.equal(manifest.devDependencies['node-llama-cpp'], ENGINE_VERSION)
  })

  it('is looked for beside the program first, and only counts when it is whole', () => {
    const init = { cachePath: join(folder, 'cache'), ownRoot: join(folder, 'own') }
    assert.equal(findEnginePackage(init), undefined)
    mkdirSync(join(folder, 'own/node_modules/node-llama-cpp'), { recursive: true })
    writeFileSync(join(folder, 'own/node_modules/node-llama-cpp/package.json'), '{}')
    assert.equal(findEnginePackage(init), undefined)
    putPackages(join(folder, 'own'))
    assert.equal(findEnginePackage(init), join(folder, 'own'))
  })

  it('is installed pinned and without the GPU builds, and appears whole', async () => {
    const init = { cachePath: join(folder, 'cache'), ownRoot: folder }
    const asked: string[] = []
    const run: RunCommand = async ({ command, args, cwd }) => {
      asked.push([command, ...args].join(' '))
      assert.ok(cwd !== undefined)
      putPackages(cwd)
      return { exitCode: 0, output: '' }
    }
    const root = await installEnginePackage({ run }, init)
    assert.equal(findEnginePackage(init), root)
    assert.equal(asked.length, 1)
    assert.match(asked[0] ?? '', new RegExp(`--omit=optional --ignore-scripts .*node-llama-cpp@${ENGINE_VERSION} `))
  })

  it('leaves nothing behind when npm fails', async () => {
    const init = { cachePath: join(folder, 'cache'), ownRoot: folder }
    const run: RunCommand = async () => ({ exitCode: 1, output: 'no network' })
    await assert.rejects(installEnginePackage({ run }, init), /installing the llama.cpp engine failed: no network/)
    assert.equal(findEnginePackage(init), undefined)
  })
})

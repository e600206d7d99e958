import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))
const tool = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')

function cruise(folder: string): Promise<{ code: number; output: string }> {
  const words = [tool, '--config', '.dependency-cruiser.mjs', '--output-type', 'err', folder]
  return new Promise((resolve) => {
    execFile(process.execPath, words, { cwd: root }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), output: stdout + stderr })
    })
  })
}

describe('the doors between rooms', () => {
  it('are kept, and the check has looked at the modules', async () => {
    const { code, output } = await cruise('src')
    assert.equal(code, 0, output)
    const modules = Number(/\((\d+) modules/.exec(output)?.[1] ?? 0)
    assert.ok(modules > 50, `only ${modules} modules were looked at: ${output}`)
  })

  it('are seen to be broken in a tree that breaks one', async () => {
    const { code, output } = await cruise('test/fixtures/architecture')
    assert.notEqual(code, 0)
    assert.match(output, /api-doors/)
  })
})

describe('the rooms', () => {
  it('are those that the check knows, and none is empty', async () => {
    const { default: config } = (await import(join(root, '.dependency-cruiser.mjs'))) as {
      default: { forbidden: readonly { name: string }[] }
    }
    const known = config.forbidden
      .map((rule) => /^(.+)-doors$/.exec(rule.name)?.[1])
      .filter((name) => name !== undefined)
    const rooms = readdirSync(join(root, 'src'))
    assert.deepEqual(rooms.sort(), known.sort())
  })
})

import { execFile } from 'node:child_process'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SCRIPT = fileURLToPath(new URL('../../../scripts/model-reference.mjs', import.meta.url))

it('docs/reference/model-config.md says of every key of the schema what it does', async () => {
  await promisify(execFile)(process.execPath, [SCRIPT, '--check'], { timeout: 60_000 })
})

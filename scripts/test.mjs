// `npm test [-- FILE…]`: set up, then run the tests with the project's own Node. `--setup-only` stops before the tests.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ensureSetup } from './ensure-setup.mjs'

const runner = fileURLToPath(new URL('./run-tests.mjs', import.meta.url))
const node = ensureSetup()
const words = process.argv.slice(2)
if (!words.includes('--setup-only')) {
  const done = spawnSync(node, [runner, ...words], { stdio: 'inherit' })
  process.exitCode = done.status ?? 1
}

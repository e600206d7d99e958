// Compiles src to dist for the published package: Node does not strip types below node_modules. Each file for itself:
// whether the types are right, `npm run types` says, in half a minute more.
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildUi } from './build-ui.mjs'

const root = fileURLToPath(new URL('../', import.meta.url))
const dist = new URL('../dist/', import.meta.url)
// A node that runs from this tree may be reading the web interface: that is replaced in one step, or not at all.
for (const name of existsSync(dist) ? readdirSync(dist) : []) {
  if (name !== 'ui') rmSync(new URL(name, dist), { recursive: true, force: true })
}
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
await buildUi()

// Plain JavaScript for Node 18: makes a fresh clone ready. Nothing but Node's own modules may be imported here.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = new URL('../', import.meta.url)
const stamp = new URL('node_modules/.local-ai-setup', root)

/** What must be equal for the installed tree to be the wanted one. */
function fingerprint() {
  const hash = createHash('sha256')
  for (const file of ['package.json', 'package-lock.json']) hash.update(readFileSync(new URL(file, root)))
  return `${hash.digest('hex')} ${process.platform}-${process.arch}\n`
}

function npm(args) {
  // npm says where it is when it started us; otherwise the one on the PATH is asked.
  const cli = process.env.npm_execpath
  const [command, prefix] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []]
  const done = spawnSync(command, [...prefix, ...args], { cwd: fileURLToPath(root), stdio: ['ignore', 2, 2] })
  if (done.status !== 0) {
    console.error(
      `set-up failed: npm ${args.join(' ')} ended with ${done.status ?? done.signal ?? done.error?.message}`,
    )
    process.exit(1)
  }
}

/** Installs the dependencies when they are not what the lock file says, and gives the path of the Node to use. */
export function ensureSetup() {
  const wanted = fingerprint()
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    console.error('Setting up: installing the dependencies (about a minute, once) …')
    npm([
      'ci',
      '--ignore-scripts',
      '--include=dev',
      '--include=optional',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ])
    writeFileSync(stamp, wanted)
  }
  const node = nodeBinary()
  buildUi(node)
  return node
}

/** The web interface, where its sources are; it looks for itself whether anything has changed. */
function buildUi(node) {
  const script = fileURLToPath(new URL('scripts/build-ui.mjs', root))
  if (spawnSync(node, [script], { stdio: ['ignore', 2, 2] }).status !== 0) {
    console.error('the web interface could not be built: the node works without it')
  }
}

function nodeBinary() {
  const name = process.platform === 'win32' ? 'win' : process.platform
  const file = process.platform === 'win32' ? 'node.exe' : 'node'
  const bundled = new URL(`node_modules/node-${name}-${process.arch}/bin/${file}`, root)
  if (existsSync(bundled)) return fileURLToPath(bundled)
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath
  console.error(
    `Node 24 is needed, this is ${process.version}, and the registry has no Node binary package for ` +
      `${process.platform}-${process.arch}. Install Node 24 and run the command again.`,
  )
  process.exit(1)
}

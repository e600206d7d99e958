#!/usr/bin/env node
// Finds Node 24 and runs the command line with it. Plain JavaScript that Node 18 understands: whatever `node` is first on
// the PATH starts this file, and an older one must never run the product.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module, { createRequire } from 'node:module'
import { constants, homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const REQUIRED_MAJOR = 24
const PARENT_CHECK_MS = 500

const source = new URL('../src/cli/main.ts', import.meta.url)
const compiled = new URL('../dist/cli/main.js', import.meta.url)
const main = existsSync(source) ? source : compiled

endWithNpm()
hideSecrets()
if (Number(process.versions.node.split('.')[0]) >= REQUIRED_MAJOR) {
  // Half of the time to start is compiling what was compiled before. Not below /tmp, where others can write.
  module.enableCompileCache?.(join(homedir(), '.cache', 'local-ai', 'compile'))
  await import(main.href)
} else {
  reExecute(bundledNode())
}

/**
 * npm and npx die of a SIGTERM without passing it on, and would leave the server behind. Below them, a change of parent
 * means that they are gone; a shell that put us in the background is no reason to end.
 */
function endWithNpm() {
  if (process.env.npm_command === undefined || process.platform === 'win32') return
  const parent = process.ppid
  const timer = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(timer)
    process.kill(process.pid, 'SIGTERM')
  }, PARENT_CHECK_MS)
  timer.unref()
}

/**
 * What is on a command line can be read by every user of the machine. Secrets move to the environment, which only this
 * user can read, and the title that replaces the command line says no more than the program's name.
 */
function hideSecrets() {
  const secrets = {
    '--p2ptoken': 'LOCALAI_P2P_TOKEN',
    '--p2p-token': 'LOCALAI_P2P_TOKEN',
    '--token': 'LOCALAI_TOKEN',
    '--api-keys': 'LOCALAI_API_KEY',
    '--api-key': 'LOCALAI_API_KEY',
    '--upstream-key': 'LOCALAI_UPSTREAM_KEYS',
    '--database-key': 'LOCALAI_EXPLORER_KEY',
  }
  const repeated = ['--api-keys', '--upstream-key']
  const kept = []
  const found = {}
  const words = process.argv.slice(2)
  while (words.length > 0) {
    const word = words.shift()
    const [flag, ...rest] = word.split('=')
    if (word === '--') {
      kept.push(word, ...words.splice(0))
    } else if (!Object.hasOwn(secrets, flag) || (rest.length === 0 && !isValue(words[0]))) {
      kept.push(word)
    } else {
      const value = rest.length > 0 ? rest.join('=') : words.shift()
      const name = secrets[flag]
      found[name] = repeated.includes(flag) && found[name] !== undefined ? `${found[name]},${value}` : value
    }
  }
  if (Object.keys(found).length === 0) return
  Object.assign(process.env, found)
  process.argv.splice(2, process.argv.length, ...kept)
  process.title = 'local-ai'
}

/** As the command line reads it: a word that looks like a flag is one, and `--flag=-value` gives such a value. */
function isValue(word) {
  return word !== undefined && !/^-./.test(word)
}

/** The Node binary that this package's own dependencies brought, or undefined. */
function bundledNode() {
  const windows = process.platform === 'win32'
  try {
    const require = createRequire(import.meta.url)
    const manifest = require.resolve(`node-${windows ? 'win' : process.platform}-${process.arch}/package.json`)
    const binary = new URL(windows ? 'bin/node.exe' : 'bin/node', pathToFileURL(manifest))
    return existsSync(binary) ? fileURLToPath(binary) : undefined
  } catch {
    return undefined
  }
}

function reExecute(node) {
  if (node === undefined) {
    console.error(
      `local-ai: Node ${REQUIRED_MAJOR} or newer is needed, this is ${process.version}, and no Node came with the package for ` +
        `${process.platform}-${process.arch}. Install Node ${REQUIRED_MAJOR}, or install again without --omit=optional.`,
    )
    process.exitCode = 1
    return
  }
  // The channel tells the child when this process is gone, whatever ended it.
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`local-ai: ${node} could not be started: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
  })
}

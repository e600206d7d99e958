// `npm run lock`: writes package-lock.json anew and completes it. A registry mirror may lack packages for other platforms;
// npm then leaves them out of the lock file, and `npm ci` refuses the result, everywhere. They are entered with what is
// known of them: the pinned version, and the platform that an older version names.
import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const file = new URL('../package-lock.json', import.meta.url)

rmSync(file, { force: true })
execFileSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], { cwd: root, stdio: 'inherit' })

const lock = JSON.parse(readFileSync(file, 'utf8'))
const added = {}
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (lock.packages[key] !== undefined || lock.packages[`${path}/${key}`] !== undefined) continue
    added[key] = { version, ...platformOf(name), ...(entry.dev ? { dev: true } : {}), optional: true }
  }
}
const packages = Object.entries({ ...lock.packages, ...added }).sort(([a], [b]) => (a < b ? -1 : 1))
lock.packages = Object.fromEntries(packages)
writeFileSync(file, `${JSON.stringify(lock, undefined, 2)}\n`)
console.log(`${Object.keys(added).length} packages of other platforms entered`)

function platformOf(name) {
  try {
    const words = ['view', name, 'os', 'cpu', 'libc', '--json', '--loglevel=silent']
    const answer = execFileSync('npm', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    const { os, cpu, libc } = [JSON.parse(answer)].flat()[0]
    return { ...(cpu && { cpu: [cpu].flat() }), ...(libc && { libc: [libc].flat() }), ...(os && { os: [os].flat() }) }
  } catch {
    // The name says it, as a rule: …-darwin-arm64, …-win32-x64-msvc, …-linux-arm-gnueabihf.
    const os = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'].find((word) => name.includes(word))
    const cpu = ['arm64', 'arm', 'ia32', 'ppc64', 'riscv64', 's390x', 'x64', 'wasm32'].find((word) =>
      name.includes(word),
    )
    return { ...(cpu && { cpu: [cpu] }), ...(os && { os: [os] }) }
  }
}

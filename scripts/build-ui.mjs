// Builds the web interface (ui/) into dist/ui: files named by their contents, each also compressed, and a list of them.
// What is already there for the same sources stays. `--watch` builds again when something changes.
import { createHash } from 'node:crypto'
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from 'node:fs'
import { basename, extname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const root = fileURLToPath(new URL('../', import.meta.url))
const ui = join(root, 'ui')
const target = join(root, 'dist', 'ui')

const TYPES = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
}
const BROTLI = { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await buildUi()
  if (process.argv.includes('--watch')) watchUi()
}

/** Every source of the bundle, of which a change makes another one. */
export async function buildUi() {
  const wanted = fingerprint()
  const list = join(target, 'files.json')
  if (existsSync(list) && JSON.parse(readFileSync(list, 'utf8')).fingerprint === wanted) return
  const started = performance.now()
  // A running node reads dist/ui when it is first asked: it never sees half of it.
  const making = `${target}.${process.pid}`
  rmSync(making, { recursive: true, force: true })
  mkdirSync(making, { recursive: true })
  try {
    const files = await bundle()
    for (const { name, bytes } of files) writeFileSync(join(making, name), bytes)
    const listed = files.map(({ name, type }) => ({ name, type }))
    writeFileSync(join(making, 'files.json'), JSON.stringify({ fingerprint: wanted, files: listed }))
    replaceTarget(making)
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
  console.error(`The web interface is built (${Math.round(performance.now() - started)} ms)`)
}

function replaceTarget(made) {
  const old = `${target}.old.${process.pid}`
  if (existsSync(target)) renameSync(target, old)
  renameSync(made, target)
  rmSync(old, { recursive: true, force: true })
}

async function bundle() {
  const { build } = await import('esbuild')
  const shared = { bundle: true, minify: true, write: false, outdir: target, metafile: true, target: 'es2023' }
  const names = { entryNames: '[name]-[hash]', chunkNames: '[name]-[hash]', assetNames: '[name]-[hash]' }
  const jsx = { jsx: 'automatic', jsxImportSource: 'preact' }
  const tsconfig = join(ui, 'tsconfig.json')
  const common = { ...shared, ...names, ...jsx, tsconfig, logLevel: 'warning', legalComments: 'none' }
  const [app, early] = await Promise.all([
    build({
      ...common,
      entryPoints: [join(ui, 'src/main.tsx'), join(ui, 'src/styles/all.css')],
      format: 'esm',
      splitting: true,
    }),
    build({ ...common, entryPoints: [join(ui, 'src/theme-early.ts')], format: 'iife' }),
  ])
  const outputs = [...app.outputFiles, ...early.outputFiles].map(({ path, contents }) => ({
    name: basename(path),
    bytes: Buffer.from(contents),
  }))
  const nameOf = (start, end) => outputs.find(({ name }) => name.startsWith(start) && name.endsWith(end)).name
  const main = nameOf('main-', '.js')
  const page = readFileSync(join(ui, 'index.html'), 'utf8')
    .replace('{{theme}}', nameOf('theme-early-', '.js'))
    .replace('{{style}}', nameOf('all-', '.css'))
    .replace('{{main}}', main)
    .replace('{{preloads}}\n', preloads(app.metafile, main))
  const served = [...outputs, { name: 'favicon.svg', bytes: readFileSync(join(ui, 'favicon.svg')) }]
  return [
    { name: 'index.html', type: 'text/html; charset=utf-8', bytes: Buffer.from(page) },
    ...served.flatMap(withCompressed),
  ]
}

/** What the first script imports is fetched with it, not after it. */
function preloads({ outputs }, main) {
  const [, { imports }] = Object.entries(outputs).find(([path]) => basename(path) === main)
  const chunks = imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => basename(path))
  return chunks.map((name) => `<link rel="modulepreload" href="assets/${name}">\n`).join('')
}

function withCompressed({ name, bytes }) {
  const type = TYPES[extname(name)]
  return [
    { name, type, bytes },
    { name: `${name}.br`, type, bytes: brotliCompressSync(bytes, BROTLI) },
    { name: `${name}.gz`, type, bytes: gzipSync(bytes, { level: 9 }) },
  ]
}

function fingerprint() {
  const hash = createHash('sha256')
  for (const file of [...globSync('ui/**/*.*', { cwd: root }), 'scripts/build-ui.mjs', 'package-lock.json'].sort()) {
    hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  }
  return hash.digest('hex')
}

function watchUi() {
  let timer
  watch(ui, { recursive: true }, () => {
    clearTimeout(timer)
    timer = setTimeout(() => buildUi().catch((error) => console.error(error.message)), 50)
  })
}

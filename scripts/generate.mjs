// `npm run generate`: TypeScript types of proto/backend.proto. `--check`: fails when the committed ones differ.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const committed = join(root, 'src/grpc/generated')
const check = process.argv.includes('--check')

// The options must match those of src/grpc/load-proto.ts.
const OPTIONS = ['--keepCase', '--longs=Number', '--enums=String', '--defaults', '--arrays', '--objects', '--oneofs']

function generate(outDir) {
  const tool = join(root, 'node_modules/@grpc/proto-loader/build/bin/proto-loader-gen-types.js')
  const where = ['--grpcLib=@grpc/grpc-js', '--importFileExtension=.ts', '-O', outDir, 'proto/backend.proto']
  execFileSync(process.execPath, [tool, ...OPTIONS, ...where], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] })
}

function contents(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort()
  return new Map(paths.map((path) => [path.slice(folder.length), readFileSync(path, 'utf8')]))
}

if (check) {
  const fresh = mkdtempSync(join(tmpdir(), 'local-ai-generate-'))
  try {
    generate(fresh)
    const [wanted, found] = [contents(fresh), contents(committed)]
    const names = new Set([...wanted.keys(), ...found.keys()])
    const drifted = [...names].filter((name) => wanted.get(name) !== found.get(name))
    if (wanted.size === 0 || drifted.length > 0) {
      console.error(
        `src/grpc/generated differs from proto/backend.proto (${drifted.slice(0, 5).join(', ')}): npm run generate`,
      )
      process.exitCode = 1
    }
  } finally {
    rmSync(fresh, { recursive: true })
  }
} else {
  rmSync(committed, { recursive: true, force: true })
  generate(committed)
}

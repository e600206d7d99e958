import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const SCRIPTS = fileURLToPath(new URL('./python/', import.meta.url))
const REQUIREMENTS = join(SCRIPTS, 'requirements.txt')
const CACHE = fileURLToPath(new URL('../../node_modules/.cache/local-ai-test-python/', import.meta.url))
const INSTALL_TIMEOUT_MS = 120_000
const SCRIPT_TIMEOUT_MS = 150_000
const run = promisify(execFile)

/** What one script of `python/` says of one of its checks. */
export interface Checked {
  readonly name: string
  /** The traceback. */
  readonly error: string | null
}

export interface PythonClients {
  /** Runs a script of `python/`. Throws when it fails as a whole. */
  run(script: string, words: readonly string[]): Promise<readonly Checked[]>
}

/**
 * The official Python clients, installed by pip where pip gets its packages here, once per version, and shared by all test
 * processes. `missing` says why there are none: no Python, no venv, or nowhere to install from.
 */
export async function pythonClients(): Promise<PythonClients | { readonly missing: string }> {
  const interpreter = await pythonVersion()
  if (interpreter === undefined) return { missing: 'there is no python3' }
  const key = createHash('sha256')
    .update(interpreter)
    .update(await readFile(REQUIREMENTS))
  const packages = join(CACHE, key.digest('hex').slice(0, 12))
  const failure = existsSync(packages) ? undefined : await install(packages)
  if (failure !== undefined) return { missing: `pip installs nothing here: ${failure}` }
  return {
    async run(script, words) {
      const { stdout } = await run('python3', ['-s', join(SCRIPTS, script), ...words], {
        timeout: SCRIPT_TIMEOUT_MS,
        env: {
          ...process.env,
          PYTHONPATH: packages,
          PYTHONPYCACHEPREFIX: join(CACHE, 'code'),
          PYTHONDONTWRITEBYTECODE: '',
          no_proxy: '127.0.0.1',
        },
      })
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Checked)
    },
  }
}

async function pythonVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await run('python3', ['-c', 'import sys, pip; print(sys.version)'])
    return stdout
  } catch {
    return undefined
  }
}

/** The packages appear whole or not at all. Gives the last words of pip when it fails. */
async function install(packages: string): Promise<string | undefined> {
  await mkdir(CACHE, { recursive: true })
  const unfinished = `${packages}.${process.pid}.${crypto.randomUUID()}`
  const words = [
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    '--no-compile',
    '--target',
    unfinished,
  ]
  try {
    await run('python3', ['-m', 'pip', ...words, '-r', REQUIREMENTS], { timeout: INSTALL_TIMEOUT_MS })
    await rename(unfinished, packages).catch((error: unknown) => {
      // Another test process was faster.
      if (!existsSync(packages)) throw error
    })
    return undefined
  } catch (error) {
    return String((error as { stderr?: unknown }).stderr || error)
      .trim()
      .split('\n')
      .at(-1)
  } finally {
    await rm(unfinished, { recursive: true, force: true })
  }
}

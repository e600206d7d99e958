import { rmdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { watchParent } from '../harness/parent-watch.ts'
import { serve } from '../harness/serve.ts'
import { findEngineIn } from './engine-root.ts'
import { createEngineLoader, type EngineChoice } from './load-engine.ts'
import { createLlamaService } from './service.ts'

const USAGE = `usage: main --addr ADDRESS [--engine auto|node-llama-cpp|llama-server] [--parallel N]
            [--engine-root FOLDER] [--llama-server PROGRAM]`
const DEFAULT_POLL_MS = 2000
/** A pass of llama.cpp cannot be interrupted: past this, the process goes without waiting for it. */
const STOP_LIMIT_MS = 5000
const ORPHAN_STOP_LIMIT_MS = 1000

const EXIT_USAGE = 80

async function main(): Promise<void> {
  const parsed = readArguments()
  if (parsed === undefined) {
    process.stderr.write(`${USAGE}\n`)
    process.exitCode = EXIT_USAGE
    return
  }
  // The socket is for our own user: whoever reaches it can make this process read any file that it can.
  process.umask(0o077)
  const stopping = new AbortController()
  const stop = (limitMs: number): void => {
    stopping.abort()
    setTimeout(() => process.exit(0), limitMs).unref()
  }
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop(STOP_LIMIT_MS))
  const unwatch = watchParent(
    {
      lifeline: hasLifeline() ? process.stdin : undefined,
      pollMs: readPollMs(),
      parentId: () => process.ppid,
    },
    () => {
      process.once('exit', () => removeEmpty(parsed.choice.folder))
      stop(ORPHAN_STOP_LIMIT_MS)
    },
  )
  const service = createLlamaService({ loadEngine: createEngineLoader(parsed.choice, writeLog) })
  try {
    await serve(service, {
      address: parsed.address,
      signal: stopping.signal,
      onListening: (address) => process.stdout.write(`listening on ${address}\n`),
    })
  } catch (error) {
    writeLog(error instanceof Error ? `${error.message}${causeOf(error)}` : String(error))
    process.exitCode = 1
  } finally {
    unwatch()
  }
}

/** Whoever would remove it is gone. In one that is not empty somebody has something. */
function removeEmpty(folder: string | undefined): void {
  try {
    if (folder !== undefined) rmdirSync(folder)
  } catch {}
}

/** Whoever holds it has made the folder of the socket, too. */
function hasLifeline(): boolean {
  return process.env['LOCALAI_BACKEND_LIFELINE'] === 'stdin'
}

function readArguments(): { readonly address: string; readonly choice: EngineChoice } | undefined {
  try {
    const { values } = parseArgs({
      options: {
        addr: { type: 'string' },
        engine: { type: 'string', default: 'auto' },
        'engine-root': { type: 'string' },
        'llama-server': { type: 'string' },
        parallel: { type: 'string', default: '0' },
      },
    })
    const { addr, engine, 'engine-root': engineRoot, 'llama-server': llamaServer } = values
    const parallel = Number(values.parallel)
    if (addr === undefined || addr === '') return undefined
    if (engine !== 'auto' && engine !== 'node-llama-cpp' && engine !== 'llama-server') return undefined
    if (!Number.isInteger(parallel) || parallel < 0) return undefined
    if (engineRoot !== undefined) findEngineIn(engineRoot)
    const server = llamaServer === undefined ? {} : { llamaServer }
    const folder = addr.startsWith('unix:') && hasLifeline() ? { folder: dirname(addr.slice('unix:'.length)) } : {}
    return { address: addr, choice: { engine, parallel, ...server, ...folder, ...readWorkers() } }
  } catch {
    // parseArgs throws for an unknown option: the usage line says it better.
    return undefined
  }
}

/** An engine in a process of its own needs the same words. */
function readWorkers(): Pick<EngineChoice, 'workers'> {
  const named = Object.entries(process.env).filter(([name]) => /^(GGML_BACKEND_PATH|LLAMA_RPC_\w+)$/.test(name))
  return (process.env['LLAMA_RPC_SERVERS'] ?? '') === '' ? {} : { workers: Object.fromEntries(named) }
}

function readPollMs(): number {
  const text = process.env['LOCALAI_BACKEND_PARENT_WATCH']
  const seconds = text === undefined || text === '' ? Number.NaN : Number(text)
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : DEFAULT_POLL_MS
}

function causeOf(error: Error): string {
  return error.cause instanceof Error ? ` (${error.cause.message})` : ''
}

function writeLog(line: string): void {
  process.stderr.write(`${line}\n`)
}

await main()

import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { poll } from '../../test/support/poll.ts'

const READY_TIMEOUT_MS = 120_000
const STOP_TIMEOUT_MS = 10_000
const CONCLUSION_CHARACTERS = 600

/** What every gateway asks for. */
export const API_KEY = 'sk-gateway-bench'
const CHAT_PATH = '/v1/chat/completions'

/** A program of this folder that is written in C, compiled for this machine. */
export async function compile(folder: string, name: 'mock-upstream' | 'http-load'): Promise<string> {
  const source = fileURLToPath(new URL(`./${name}.c`, import.meta.url))
  const program = join(folder, name)
  try {
    await promisify(execFile)('cc', ['-O2', '-o', program, source])
  } catch (cause) {
    throw new Error(`${name}.c cannot be compiled: this bench needs a C compiler as cc, and Linux`, { cause })
  }
  return program
}

export function createFolder(stack: AsyncDisposableStack): string {
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-gateway-'))
  stack.defer(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export interface Program {
  readonly command: string
  readonly words: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

export interface Gateway extends Program {
  readonly name: string
  readonly folder: string
  /** Of the loopback, where it will serve. */
  readonly port: number
}

/** A program whose first line tells where it is reached. */
export async function startTelling(stack: AsyncDisposableStack, { command, words }: Program) {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  endWith(stack, child)
  const lines = createInterface({ input: child.stdout })
  const [line] = (await Promise.race([once(lines, 'line'), endOf(child, command)])) as [string]
  return { line, pid: child.pid ?? 0 }
}

/**
 * A gateway as a process: its words go to a file, as a service manager would have it. It sees nothing of this environment
 * but the path. Ready, when this resolves: a chat with the key has been answered.
 */
export async function startGateway(
  stack: AsyncDisposableStack,
  { name, folder, port, command, words, environment }: Gateway,
): Promise<number> {
  const file = join(folder, `${name}.log`)
  const log = openSync(file, 'w')
  const child = spawn(command, words, {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder, NO_COLOR: '1', ...environment },
    stdio: ['ignore', log, log],
  })
  closeSync(log)
  endWith(stack, child)
  const conclusion = (): string => `${name} said: ${readFileSync(file, 'utf8').slice(-CONCLUSION_CHARACTERS)}`
  let over = false
  endOf(child, name).catch(() => {
    over = true
  })
  let last = 'nothing'
  await poll(
    () => `${name} answers (last: ${last}); ${conclusion()}`,
    READY_TIMEOUT_MS,
    async () => {
      if (over) throw new Error(`${name} has ended; ${conclusion()}`)
      last = await askOnce(port).catch((error: unknown) => String(error))
      return last === '200'
    },
  )
  return child.pid ?? 0
}

async function askOnce(port: number): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${CHAT_PATH}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(bodyOf(false)),
    signal: AbortSignal.timeout(STOP_TIMEOUT_MS),
  })
  await response.arrayBuffer()
  return String(response.status)
}

function bodyOf(stream: boolean): object {
  return { model: 'bench', messages: [{ role: 'user', content: 'ok' }], ...(stream ? { stream } : {}) }
}

/** The bytes that a client sends, for `http-load.c`. */
export function writeRequest(folder: string, stream: boolean): string {
  const body = JSON.stringify(bodyOf(stream))
  const head = [
    `POST ${CHAT_PATH} HTTP/1.1`,
    'host: 127.0.0.1',
    `authorization: Bearer ${API_KEY}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
  ]
  const file = join(folder, stream ? 'stream.http' : 'whole.http')
  writeFileSync(file, `${head.join('\r\n')}\r\n\r\n${body}`)
  return file
}

function endOf(child: ChildProcess, name: string): Promise<never> {
  return new Promise((_resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => reject(new Error(`${name} has ended: ${signal ?? code}`)))
  })
}

/** Asked to end, and after a while made to. */
function endWith(stack: AsyncDisposableStack, child: ChildProcess): void {
  stack.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    await exited
    clearTimeout(late)
  })
}

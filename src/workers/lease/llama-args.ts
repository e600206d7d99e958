import { AppError } from '../../base/errors.ts'

/** What the arguments of llama.cpp's RPC server say. */
export interface LlamaArgs {
  readonly threads?: number
  readonly memoryBytes?: number
  readonly host?: string
  readonly port?: number
  /** Ours keeps weights anyway. */
  readonly cache?: true
}

const MEGABYTE = 2 ** 20
const NAMES: Readonly<Record<string, string>> = {
  '-t': '--threads',
  '-m': '--mem',
  '-d': '--device',
  '-c': '--cache',
  '-h': '--host',
  '-H': '--host',
  '-p': '--port',
}

/** Split at spaces, as LocalAI does it: there is no quoting. Pure. */
export function splitLlamaArgs(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '')
}

/**
 * Understands `-t/--threads N`, `-m/--mem MEGABYTES`, `-d/--device CPU`, `-c/--cache`, `-H/--host`, `-p/--port`, also as
 * `--mem=4096`. Throws `config.invalid` for anything else. Pure.
 */
export function parseLlamaArgs(words: readonly string[]): LlamaArgs {
  const rest = words.flatMap((word) => {
    const parts = /^(--[a-z-]+)=(.*)$/.exec(word)
    return parts === null ? [word] : [parts[1] ?? '', parts[2] ?? '']
  })
  let args: LlamaArgs = {}
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const name = NAMES[word] ?? word
    if (name === '--cache') {
      args = { ...args, cache: true }
      continue
    }
    if (!Object.values(NAMES).includes(name)) throw unknownArgument(word)
    args = { ...args, ...read(name, rest.shift()) }
  }
  return args
}

function read(name: string, value: string | undefined): LlamaArgs {
  switch (name) {
    case '--threads':
      return { threads: wholeNumber(name, value) }
    case '--mem':
      return { memoryBytes: wholeNumber(name, value) * MEGABYTE }
    case '--port':
      return { port: portNumber(name, value) }
    case '--host':
      if (value === undefined || value.startsWith('-')) throw invalid(`${name} wants a host, such as 127.0.0.1`)
      return { host: value }
    default:
      if (value?.toUpperCase() !== 'CPU') {
        throw invalid(`--device ${value ?? ''}: this worker computes on the CPU, and on no other device`)
      }
      return {}
  }
}

function wholeNumber(name: string, value: string | undefined): number {
  if (value !== undefined && /^[1-9]\d{0,9}$/.test(value)) return Number(value)
  throw invalid(`${name} wants a whole number above 0${value === undefined ? '' : `, not "${value}"`}`)
}

function portNumber(name: string, value: string | undefined): number {
  if (value !== undefined && /^\d{1,5}$/.test(value) && Number(value) < 65_536) return Number(value)
  throw invalid(`${name} wants a port from 0 to 65535`)
}

function unknownArgument(word: string): AppError {
  return invalid(
    `this worker does not know the argument "${word}": -t THREADS, -m MEGABYTES, -d CPU, -c, -H HOST and -p PORT are understood`,
  )
}

function invalid(message: string): AppError {
  return new AppError('config.invalid', `--llama-cpp-args: ${message}`)
}

import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import { createTurns } from './turns.ts'

/** What it costs to try a password. */
export interface PasswordCost {
  readonly memoryKibibytes: number
  readonly passes: number
}

/** OWASP's password storage cheat sheet: argon2id with 19 MiB, two passes, one lane. */
const OWASP_COST: PasswordCost = { memoryKibibytes: 19 * 1024, passes: 2 }
/** Two threads of libuv's four: files and names of hosts are waited for there as well. */
const AT_ONCE = 2
const WAITING = 64
const SALT_BYTES = 16
const HASH_BYTES = 32
const MIN_LENGTH = 8
const MAX_BYTES = 1024

/** Hashes of passwords, in the text form that other programs use (`$argon2id$v=19$m=…,t=…,p=…$salt$hash`). */
export interface Passwords {
  /** Throws `request.invalid` for a password that is too short or too long. */
  hash(password: string, options?: AbortOptions): Promise<string>
  /** Without a hash (nobody has this name) it takes as long as with one, and is false. */
  verify(password: string, hash: string | undefined, options?: AbortOptions): Promise<boolean>
}

const derive = promisify(argon2)

/** Few at a time: sign-ins may be slow, the rest of the node must not become so. */
export function createPasswords(cost: PasswordCost = OWASP_COST): Passwords {
  const turns = createTurns({ atOnce: AT_ONCE, waiting: WAITING })
  const nobody: Parsed = { ...cost, lanes: 1, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) }

  async function compute(password: string, parsed: Omit<Parsed, 'hash'>, options: AbortOptions): Promise<Buffer> {
    const parameters: Argon2Parameters = {
      message: password.normalize('NFC'),
      nonce: parsed.salt,
      parallelism: parsed.lanes,
      tagLength: HASH_BYTES,
      memory: parsed.memoryKibibytes,
      passes: parsed.passes,
    }
    return await turns.take(async () => await derive('argon2id', parameters), options)
  }

  return {
    async hash(password, options = {}) {
      if ([...password].length < MIN_LENGTH) throw invalid(`must have at least ${MIN_LENGTH} characters`)
      if (Buffer.byteLength(password) > MAX_BYTES) throw invalid(`must have at most ${MAX_BYTES} bytes`)
      const salt = randomBytes(SALT_BYTES)
      return format({ ...cost, lanes: 1, salt, hash: await compute(password, { ...cost, lanes: 1, salt }, options) })
    },
    async verify(password, hash, options = {}) {
      const known = hash === undefined || Buffer.byteLength(password) > MAX_BYTES ? undefined : parse(hash)
      const given = await compute(known === undefined ? '' : password, known ?? nobody, options)
      return timingSafeEqual(given, (known ?? nobody).hash) && known !== undefined
    },
  }
}

function invalid(message: string): AppError {
  return new AppError('request.invalid', `the password ${message}`, { details: { param: 'password' } })
}

interface Parsed extends PasswordCost {
  readonly lanes: number
  readonly salt: Buffer
  readonly hash: Buffer
}

function format({ memoryKibibytes, passes, lanes, salt, hash }: Parsed): string {
  const text = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=${memoryKibibytes},t=${passes},p=${lanes}$${text(salt)}$${text(hash)}`
}

const FORM = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]{43})$/

function parse(text: string): Parsed {
  const [, memory = '', passes = '', lanes = '', salt = '', hash = ''] = FORM.exec(text) ?? []
  if (hash === '') throw new AppError('internal', 'the stored hash of a password has an unknown form')
  return {
    memoryKibibytes: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

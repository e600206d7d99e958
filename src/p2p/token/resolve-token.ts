import { createReadStream } from 'node:fs'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, raceSignal } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { loadOwnerKey } from '../identity/owner-key.ts'
import { generateToken } from './generate-token.ts'
import { networkIdOf } from './network-id.ts'
import type { NetworkToken } from './network-token.ts'
import { formatToken } from './parse-token.ts'
import { type ReadToken, readStoredToken, readToken, storeToken } from './token-store.ts'
import { invalidToken, MAX_TOKEN_BYTES } from './token-text.ts'

/** A network that changes faster than this leaves out whoever has a clock that is a little wrong. */
const SHORT_INTERVAL_SECONDS = 300
/** 22 letters and digits are 128 bits. */
const SHORT_KEY_LENGTH = 22

export interface ResolveTokenDeps {
  readonly log: Pick<Logger, 'info' | 'warn'>
  /** Read to its end, when the file is `-`. */
  readonly stdin: AsyncIterable<Uint8Array | string>
}

export interface ResolveTokenInit {
  /** Of the node's own data; to be held by this process (`loadIdentity`), so that two do not found two networks. */
  readonly folder: string
  /** The token itself; '' is none. Comes before `file`. */
  readonly text?: string
  /** Path of a file that holds the token, or `-`. */
  readonly file?: string
  /** For a generated token: as in `TokenInit`. */
  readonly dhtIntervalSeconds?: number
  readonly otpIntervalSeconds?: number
  /** False: `token.invalid` when there is no token, instead of a new network. */
  readonly mayFound?: boolean
}

export interface ResolvedToken extends ReadToken {
  readonly origin: 'given' | 'file' | 'stdin' | 'stored' | 'generated'
}

/**
 * The token of this node: what was given, else the one that the folder keeps, else a new one for a new network. Afterwards
 * the folder keeps it. Throws `token.invalid` and `config.invalid`, or the reason of the signal.
 */
export async function resolveToken(
  deps: ResolveTokenDeps,
  init: ResolveTokenInit,
  options: AbortOptions = {},
): Promise<ResolvedToken> {
  const given = await readGiven(deps, init, options)
  const found = given ?? (await keptOrNew(deps, init))
  if (given !== undefined) await keepGiven(deps, init, given)
  warnOfWeakness(deps, found.token)
  return found
}

/**
 * The token that was given, else the one that the folder keeps; changes nothing. Throws `token.invalid` also when there
 * is none.
 */
export async function readExistingToken(
  deps: ResolveTokenDeps,
  init: ResolveTokenInit,
  options: AbortOptions = {},
): Promise<ReadToken> {
  const found = (await readGiven(deps, init, options)) ?? (await readStoredToken(deps, init))
  if (found !== undefined) return found
  throw noToken(init)
}

function noToken({ folder }: ResolveTokenInit): AppError {
  return new AppError(
    'token.invalid',
    `no token was given, and ${folder} keeps none: give --p2p-token-file or the variable TOKEN, found a network with run --p2p, or make a token with p2p token --new`,
  )
}

async function readGiven(
  { stdin }: ResolveTokenDeps,
  { text = '', file = '' }: ResolveTokenInit,
  options: AbortOptions,
): Promise<ResolvedToken | undefined> {
  if (text.trim() !== '') return { ...readToken(text), origin: 'given' }
  if (file === '') return undefined
  if (file === '-') return { ...readToken(await readAll(stdin, options), 'standard input'), origin: 'stdin' }
  return { ...readToken(await readFrom(file, options), file), origin: 'file' }
}

async function keptOrNew(deps: ResolveTokenDeps, init: ResolveTokenInit): Promise<ResolvedToken> {
  const stored = await readStoredToken(deps, init)
  if (stored !== undefined) return { ...stored, origin: 'stored' }
  if (init.mayFound === false) throw noToken(init)
  const token = generateToken({ ...init, ownerKey: await loadOwnerKey(deps, init) })
  const text = formatToken(token)
  await storeToken(init, text)
  deps.log.info({ network: networkIdOf(token) }, 'a new network was founded')
  return { token, text, origin: 'generated' }
}

async function keepGiven({ log }: ResolveTokenDeps, init: ResolveTokenInit, given: ReadToken): Promise<void> {
  const before = await readStoredToken({ log }, init).catch((error: unknown) => AppError.from(error, 'token.invalid'))
  const network = networkIdOf(given.token)
  if (before instanceof AppError) log.warn({ network }, `the token that was given replaces another: ${before.message}`)
  else if (before !== undefined) {
    if (before.text === given.text) return
    const left = networkIdOf(before.token)
    if (left === network) log.info({ network }, 'the network has another token than at the last start')
    else log.warn({ network, left }, 'this node is in another network than at the last start')
  }
  await storeToken(init, given.text)
}

function warnOfWeakness({ log }: ResolveTokenDeps, token: NetworkToken): void {
  const network = networkIdOf(token)
  const { key, intervalSeconds } = token.crypto
  if (intervalSeconds < SHORT_INTERVAL_SECONDS) {
    log.warn({ network, intervalSeconds }, 'the key of this network changes so often that clocks must agree closely')
  }
  if (key.length < SHORT_KEY_LENGTH) log.warn({ network }, 'the key of this network is so short that it can be guessed')
}

/** Streams also pipes, such as the shell's `<(command)`. */
async function readFrom(path: string, options: AbortOptions): Promise<string> {
  try {
    return await readAll(createReadStream(path, options), options)
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof AppError) throw error
    const { code } = error as NodeJS.ErrnoException
    throw new AppError('config.invalid', `--p2p-token-file: ${path} cannot be read (${code ?? String(error)})`, {
      cause: error,
    })
  }
}

async function readAll(source: AsyncIterable<Uint8Array | string>, { signal }: AbortOptions): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  const iterator = source[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await raceSignal(iterator.next(), signal)
      if (done === true) return Buffer.concat(pieces).toString('utf8')
      length += value.length
      if (length > MAX_TOKEN_BYTES) throw invalidToken(`it is longer than ${MAX_TOKEN_BYTES} characters`)
      pieces.push(Buffer.from(value))
    }
  } finally {
    // Not waited for: a source that gives nothing does not end either.
    iterator.return?.().catch(() => {})
  }
}

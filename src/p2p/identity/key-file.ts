import {
  generateKeyPair,
  generateKeyPairFromSeed,
  privateKeyFromProtobuf,
  privateKeyToProtobuf,
} from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { AppError } from '../../base/errors.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { readSecretFile, writeSecretFile } from './secret-file.ts'

/** An Ed25519 key in libp2p's protobuf has 68. */
const MAX_KEY_BYTES = 1024
const SEED_BYTES = 32

export interface KeyFile {
  readonly path: string
  /** What becomes of somebody who deletes the file, as the end of a sentence that begins with "delete it and". */
  readonly withoutIt: string
}

/**
 * The Ed25519 key of a file, in libp2p's protobuf form; made when there is no file. Throws `config.invalid` for a file
 * that does not hold such a key: making a new one in its place would lose the old one for good.
 */
export async function loadOrMakeKey(
  deps: { readonly log: Pick<Logger, 'warn'> },
  { path, withoutIt }: KeyFile,
): Promise<Ed25519PrivateKey> {
  const found = await loadKey(deps, { path, withoutIt })
  if (found !== undefined) return found
  const key = await generateKeyPair('Ed25519')
  await writeSecretFile(path, privateKeyToProtobuf(key))
  return key
}

/** The same; undefined when there is no file. */
export async function loadKey(
  deps: { readonly log: Pick<Logger, 'warn'> },
  { path, withoutIt }: KeyFile,
): Promise<Ed25519PrivateKey | undefined> {
  const content = await readSecretFile(deps, path, MAX_KEY_BYTES)
  if (content === undefined) return undefined
  const key = await parseKey(content)
  if (key !== undefined) return key
  const advice = `bring it back from a backup, or delete it and ${withoutIt}`
  throw new AppError('config.invalid', `${path} is damaged, it does not hold an Ed25519 key: ${advice}`)
}

async function parseKey(content: Uint8Array): Promise<Ed25519PrivateKey | undefined> {
  try {
    const key = privateKeyFromProtobuf(content)
    if (key.type !== 'Ed25519') return undefined
    // libp2p believes the public half that stands behind the seed; with a wrong one nobody would believe our signatures.
    const { publicKey } = await generateKeyPairFromSeed('Ed25519', key.raw.subarray(0, SEED_BYTES))
    return publicKey.equals(key.publicKey) ? key : undefined
  } catch {
    return undefined
  }
}

import { join } from 'node:path'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey, PublicKey } from '@libp2p/interface'
import type { Logger } from '../../telemetry/logger.ts'
import { loadKey, loadOrMakeKey } from './key-file.ts'

/**
 * The public key of who founds a network, as `owner_key` of a token has it: libp2p's protobuf form in base64url. The
 * private key stays in `<folder>/owner.key`, which is made when it is missing and never overwritten: who has founded
 * several networks from one folder owns them all with one key. Throws `config.invalid` when the file is damaged.
 */
export async function loadOwnerKey(deps: OwnerKeyDeps, place: OwnerKeyPlace): Promise<string> {
  const { publicKey } = await loadOrMakeKey(deps, keyFile(place))
  return toOwnerKey(publicKey)
}

/**
 * The private key of the network's owner, where this folder has it: `ownerKey` is the public one, of the token. Undefined
 * on all other nodes.
 */
export async function loadOwnerPrivateKey(
  deps: OwnerKeyDeps,
  { ownerKey, ...place }: OwnerKeyPlace & { readonly ownerKey: string | undefined },
): Promise<Ed25519PrivateKey | undefined> {
  if (ownerKey === undefined) return undefined
  const key = await loadKey(deps, keyFile(place))
  return key !== undefined && toOwnerKey(key.publicKey) === ownerKey ? key : undefined
}

interface OwnerKeyDeps {
  readonly log: Pick<Logger, 'warn'>
}

/** A node's own folder, or a file wherever its owner keeps it. */
type OwnerKeyPlace = { readonly folder: string } | { readonly file: string }

function keyFile(place: OwnerKeyPlace) {
  const path = 'file' in place ? place.file : join(place.folder, 'owner.key')
  return { path, withoutIt: 'own the networks founded with it no longer' }
}

/** As `owner_key` of a token has it. */
export function toOwnerKey(key: PublicKey): string {
  return Buffer.from(publicKeyToProtobuf(key)).toString('base64url')
}

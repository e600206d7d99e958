import { join } from 'node:path'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Logger } from '../../telemetry/logger.ts'
import { loadOrMakeKey } from './key-file.ts'

/**
 * The public key of who founds a network, as `owner_key` of a token has it: libp2p's protobuf form in base64url. The
 * private key stays in `<folder>/owner.key`, which is made when it is missing and never overwritten: who has founded
 * several networks from one folder owns them all with one key. Throws `config.invalid` when the file is damaged.
 */
export async function loadOwnerKey(
  deps: { readonly log: Pick<Logger, 'warn'> },
  { folder }: { readonly folder: string },
): Promise<string> {
  const key = await loadOrMakeKey(deps, {
    path: join(folder, 'owner.key'),
    withoutIt: 'own the networks founded with it no longer',
  })
  return Buffer.from(publicKeyToProtobuf(key.publicKey)).toString('base64url')
}

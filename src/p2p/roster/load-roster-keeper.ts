import { join } from 'node:path'
import type { Logger } from '../../telemetry/logger.ts'
import { loadOwnerPrivateKey } from '../identity/owner-key.ts'
import { readSecretFile, writeSecretFile } from '../identity/secret-file.ts'
import { networkIdOf } from '../token/network-id.ts'
import type { NetworkToken } from '../token/network-token.ts'
import { createRosterKeeper, type RosterKeeper } from './create-roster-keeper.ts'
import { MAX_SIGNED_ROSTER_BYTES } from './roster-codec.ts'

export interface RosterFolder {
  /** Of the node's own data; held by this process (`loadIdentity`). */
  readonly folder: string
  readonly token: NetworkToken
  /** This node's peer id. */
  readonly self: string
}

/**
 * Who may be in the network, as this node has heard it last: `<folder>/roster-<network id>`. With the owner's key in
 * `<folder>/owner.key` it speaks for the owner. Throws `config.invalid` when a file cannot be read.
 */
export async function loadRosterKeeper(
  { log }: { readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'> },
  { folder, token, self }: RosterFolder,
): Promise<RosterKeeper> {
  const networkId = networkIdOf(token)
  const { ownerKey } = token
  const path = join(folder, `roster-${networkId}`)
  return await createRosterKeeper(
    {
      log,
      save: (bytes) => writeSecretFile(path, bytes),
      ownerPrivateKey: await loadOwnerPrivateKey({ log }, { folder, ownerKey }),
    },
    { networkId, ownerKey, self, kept: await readSecretFile({ log }, path, MAX_SIGNED_ROSTER_BYTES) },
  )
}

import { join } from 'node:path'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { loadOwnerPrivateKey } from '../p2p/identity/owner-key.ts'
import { readSecretFile, writeSecretFile } from '../p2p/identity/secret-file.ts'
import { createRosterKeeper, type RosterKeeper } from '../p2p/roster/create-roster-keeper.ts'
import { MAX_SIGNED_ROSTER_BYTES } from '../p2p/roster/roster-codec.ts'
import { networkIdOf } from '../p2p/token/network-id.ts'
import type { NetworkToken } from '../p2p/token/network-token.ts'
import type { Logger } from '../telemetry/logger.ts'

/** Who may be in the network, as this node has heard it last; kept in its folder, one file for each network. */
export async function composeRoster(
  { log }: { readonly log: Logger },
  {
    folder,
    token,
    privateKey,
  }: { readonly folder: string; readonly token: NetworkToken; readonly privateKey: PrivateKey },
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
    {
      ...{ networkId, ownerKey },
      self: peerIdFromPrivateKey(privateKey).toString(),
      kept: await readSecretFile({ log }, path, MAX_SIGNED_ROSTER_BYTES),
    },
  )
}

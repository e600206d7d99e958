import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKeyPair } from '@libp2p/crypto/keys'
import type { Ed25519PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { AppError } from '../../base/errors.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { takeFolderLock } from './folder-lock.ts'
import { loadOrMakeKey } from './key-file.ts'

/** Who this node is, across restarts. Disposing it lets another process be this node. */
export interface NodeIdentity extends AsyncDisposable {
  readonly privateKey: Ed25519PrivateKey
  readonly peerId: string
}

/**
 * The key in `<folder>/identity.key`, made when it is missing, held by this process alone: `<folder>/lock`. Whatever else
 * is kept in the folder may be written while the identity is held. The folder above must exist. Throws `config.invalid`
 * when another process is this node, or when the key is damaged.
 */
export async function loadIdentity(
  deps: { readonly log: Pick<Logger, 'warn'> },
  { folder }: { readonly folder: string },
  options: AbortOptions = {},
): Promise<NodeIdentity> {
  await makeFolder(folder)
  await using held = new AsyncDisposableStack()
  held.use(await takeFolderLock({ folder }, options))
  const privateKey = await loadOrMakeKey(deps, {
    path: join(folder, 'identity.key'),
    withoutIt: 'be a new node to the others',
  })
  const kept = held.move()
  return {
    privateKey,
    peerId: peerIdFromPrivateKey(privateKey).toString(),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

/** A key that is kept nowhere. */
export async function temporaryKey(): Promise<Ed25519PrivateKey> {
  return await generateKeyPair('Ed25519')
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return
    throw new AppError(
      'config.invalid',
      `--data-path: the folder ${folder} cannot be made (${code ?? String(error)})`,
      {
        cause: error,
      },
    )
  }
}

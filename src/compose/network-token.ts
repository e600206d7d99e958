import { join } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { tokenSettings } from '../config/network-settings.ts'
import type { Values } from '../config/setting.ts'
import { generateToken } from '../p2p/token/generate-token.ts'
import { networkIdOf } from '../p2p/token/network-id.ts'
import { formatToken } from '../p2p/token/parse-token.ts'
import { readStoredToken } from '../p2p/token/token-store.ts'
import type { Logger } from '../telemetry/logger.ts'

export type TokenSettings = Values<typeof tokenSettings>

export interface ShownToken {
  readonly token: string
  readonly networkId: string
}

/** Where a node keeps its key and its network's token. */
export function memberFolder(settings: Pick<TokenSettings, 'dataPath'>): string {
  return join(settings.dataPath, 'p2p')
}

/** A token of a network that nobody has joined yet. */
export async function newToken(settings: TokenSettings): Promise<ShownToken> {
  const token = generateToken({
    dhtIntervalSeconds: settings.p2pDhtInterval,
    otpIntervalSeconds: settings.p2pOtpInterval,
  })
  return { token: formatToken(token), networkId: networkIdOf(token) }
}

/** The token that the node of this data folder uses. */
export async function keptToken(settings: TokenSettings, deps: { readonly log: Logger }): Promise<ShownToken> {
  const folder = memberFolder(settings)
  const stored = await readStoredToken(deps, { folder })
  if (stored !== undefined) return { token: stored.text, networkId: networkIdOf(stored.token) }
  throw new AppError(
    'config.invalid',
    `there is no token in ${folder}: run the node with --p2p once, give its --data-path, or make a token with --new`,
  )
}

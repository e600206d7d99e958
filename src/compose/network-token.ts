import { join } from 'node:path'
import type { tokenSettings } from '../config/network-settings.ts'
import type { Values } from '../config/setting.ts'
import { loadOwnerKey } from '../p2p/identity/owner-key.ts'
import { generateToken } from '../p2p/token/generate-token.ts'
import { networkIdOf } from '../p2p/token/network-id.ts'
import { formatToken } from '../p2p/token/parse-token.ts'
import { type ResolveTokenInit, readExistingToken } from '../p2p/token/resolve-token.ts'
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
export async function newToken(
  settings: TokenSettings,
  { log, ownerKeyFile }: { readonly log: Logger; readonly ownerKeyFile: string | undefined },
): Promise<ShownToken> {
  const ownerKey = ownerKeyFile === undefined ? {} : { ownerKey: await loadOwnerKey({ log }, { file: ownerKeyFile }) }
  const token = generateToken({
    ...ownerKey,
    dhtIntervalSeconds: settings.p2pDhtInterval,
    otpIntervalSeconds: settings.p2pOtpInterval,
  })
  return { token: formatToken(token), networkId: networkIdOf(token) }
}

/** The token that a node with these settings would use: the given one, else that of its data folder. */
export async function currentToken(settings: TokenSettings, deps: { readonly log: Logger }): Promise<ShownToken> {
  const { token, text } = await readExistingToken({ ...deps, stdin: process.stdin }, tokenInit(settings))
  return { token: text, networkId: networkIdOf(token) }
}

/** Where the settings say that the token comes from. */
export function tokenInit(settings: TokenSettings): ResolveTokenInit {
  return {
    folder: memberFolder(settings),
    dhtIntervalSeconds: settings.p2pDhtInterval,
    otpIntervalSeconds: settings.p2pOtpInterval,
    ...givenToken(settings),
  }
}

/** A file is named on purpose; the variable TOKEN may be there for something else. */
function givenToken({ p2pToken, p2pTokenFile }: TokenSettings): { readonly text?: string; readonly file?: string } {
  if (p2pTokenFile !== undefined) return { file: p2pTokenFile }
  return p2pToken === undefined ? {} : { text: p2pToken }
}

import { hostname } from 'node:os'
import { join } from 'node:path'
import { type Accounts, openAccounts } from '../accounts/open-accounts.ts'
import type { AccessDeps, AccessInit } from '../api/access/access.ts'
import { createKeyRing } from '../api/access/key-ring.ts'
import { parseListenAddress } from '../api/listen-address.ts'
import type { Startable } from '../base/lifecycle.ts'
import type { accessSettings } from '../config/access-settings.ts'
import type { dataSettings } from '../config/network-settings.ts'
import type { Values } from '../config/setting.ts'
import type { ApiSettings, FederatedSettings } from '../config/settings.ts'
import type { Logger } from '../telemetry/logger.ts'
import { makeFolder } from './make-folder.ts'

export type AccessSettings = Values<typeof accessSettings>
export type AccountSettings = Pick<AccessSettings, 'registrationMode'> & Values<typeof dataSettings>

/** How to make the first admin. A secret: for a person, never for the log. */
export type OnSetupCode = (setup: { readonly code: string; readonly file: string }) => void

export interface ComposedAccess {
  readonly deps: AccessDeps
  /** To be started when the API is. */
  readonly part: Startable
}

/** Who may use the API: the keys of the owner, and the users if there shall be any. */
export async function composeAccess(
  settings: Pick<ApiSettings, 'apiKeys'> & Pick<AccessSettings, 'accounts'> & AccountSettings,
  { log, onSetupCode }: { readonly log: Logger; readonly onSetupCode?: OnSetupCode | undefined },
): Promise<ComposedAccess> {
  const keys = createKeyRing(settings.apiKeys)
  if (!settings.accounts) return { deps: { keys }, part: { start: async () => {}, stop: async () => {} } }
  const accounts = await composeAccounts(settings, { log })
  const file = setupCodeFile(settings)
  return {
    deps: { keys, accounts },
    part: {
      async start() {
        const code = accounts.issueSetupCode()
        if (code === undefined) return
        log.warn({ room: 'accounts', file }, 'there is no admin yet: "local-ai users create --admin NAME" makes one')
        onSetupCode?.({ code, file })
      },
      stop: async () => await accounts[Symbol.asyncDispose](),
    },
  }
}

/** The users in the data folder, which a node may be using at the same time. */
export async function composeAccounts(
  settings: AccountSettings,
  { log }: { readonly log: Pick<Logger, 'child'> },
): Promise<Accounts> {
  await makeFolder(settings.dataPath, '--data-path')
  return openAccounts(
    { log: log.child({ room: 'accounts' }) },
    {
      file: join(settings.dataPath, 'accounts.db'),
      setupCodeFile: setupCodeFile(settings),
      registrationMode: settings.registrationMode,
    },
  )
}

function setupCodeFile({ dataPath }: AccountSettings): string {
  return join(dataPath, 'setup-code')
}

/** What the API lets through. The settings are asked when it matters: some change while the node runs. */
export function accessInit(
  settings: AccessSettings & Pick<ApiSettings, 'address'> & Partial<Pick<FederatedSettings, 'sharedAddress'>>,
): AccessInit {
  const { sharedAddress } = settings
  return {
    cors: () => ({ limited: settings.cors, origins: settings.corsAllowOrigins }),
    csrf: () => settings.csrf,
    allowedHosts: [...settings.allowedHosts, ...ownNames(settings.address), ...ownNames(sharedAddress ?? '')],
    otherAddress: sharedAddress === undefined ? undefined : parseListenAddress(sharedAddress),
    insecure: settings.insecure,
    opaqueErrors: settings.opaqueErrors,
    openGetPaths: settings.openGets ? settings.openGetPaths : [],
  }
}

/** Under which clients on the local network know this machine, and the name it was told to listen on. */
function ownNames(address: string): readonly string[] {
  const name = hostname()
  return [name, `${name.split('.')[0]}.local`, address.replace(/:\d*$/, '')].filter((host) => host !== '')
}

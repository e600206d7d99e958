import { resolve } from 'node:path'
import { bool, duration, optional, path, setting } from './setting.ts'

/** What may change while the node runs, and whether it may. */
export const dynamicSettings = {
  configPath: setting({
    flags: ['--localai-config-dir'],
    env: ['LOCALAI_CONFIG_DIR'],
    fallback: () => resolve('configuration'),
    fallbackText: './configuration',
    help: 'Folder of api_keys.json, external_backends.json and runtime_settings.json; changes take effect at once',
    group: 'Storage',
    kind: path,
  }),
  configPollIntervalMs: setting({
    flags: ['--localai-config-dir-poll-interval'],
    env: ['LOCALAI_CONFIG_DIR_POLL_INTERVAL'],
    fallback: undefined,
    help: 'Look at these files this often as well, where a system does not tell of changes: 1m',
    group: 'Storage',
    kind: optional(duration),
  }),
  disableRuntimeSettings: setting({
    flags: ['--disable-runtime-settings'],
    env: ['LOCALAI_DISABLE_RUNTIME_SETTINGS', 'DISABLE_RUNTIME_SETTINGS'],
    fallback: false,
    help: 'Ignore runtime_settings.json and serve no /api/settings',
    group: 'API',
    kind: bool,
  }),
} as const

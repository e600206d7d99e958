import { resolve } from 'node:path'
import { joinSettings } from './network-settings.ts'
import { bool, count, duration, optionalPath, optionalText, path, setting, type Values } from './setting.ts'
import { apiSettings } from './settings.ts'

/** `local-ai explorer`: a public list of networks. */
export const explorerSettings = {
  address: apiSettings.address,
  poolDatabase: setting({
    flags: ['--pool-database'],
    env: ['LOCALAI_POOL_DATABASE', 'POOL_DATABASE'],
    fallback: () => resolve('explorer.json'),
    fallbackText: 'explorer.json',
    help: 'File of the networks. A name that ends in .json stands for a database beside it that ends in .db; what LocalAI has written to the .json is taken over, and kept',
    group: 'Explorer',
    kind: path,
  }),
  databaseKeyFile: setting({
    flags: ['--database-key-file'],
    env: ['LOCALAI_EXPLORER_KEY_FILE'],
    fallback: undefined,
    fallbackText: 'beside the database, ending in .key; made when missing',
    help: 'File of the key that the tokens in the database are sealed with',
    group: 'Explorer',
    kind: optionalPath,
  }),
  databaseKey: setting({
    flags: ['--database-key'],
    env: ['LOCALAI_EXPLORER_KEY'],
    fallback: undefined,
    help: 'That key itself, 32 bytes in hex or base64; give it in the variable: a command line is seen by everybody on the machine',
    group: 'Explorer',
    kind: optionalText,
    secret: true,
  }),
  connectionTimeoutMs: setting({
    flags: ['--connection-timeout'],
    env: ['LOCALAI_CONNECTION_TIMEOUT', 'CONNECTION_TIMEOUT'],
    fallback: 120_000,
    fallbackText: '2m',
    help: 'Longest that one visit to a network may take',
    group: 'Explorer',
    kind: duration,
  }),
  connectionErrorThreshold: setting({
    flags: ['--connection-error-threshold'],
    env: ['LOCALAI_CONNECTION_ERROR_THRESHOLD', 'CONNECTION_ERROR_THRESHOLD'],
    fallback: 3,
    help: 'Visits that may fail in a row; with one more the network is taken off the list',
    group: 'Explorer',
    kind: count,
  }),
  withSync: setting({
    flags: ['--with-sync'],
    env: ['LOCALAI_WITH_SYNC', 'WITH_SYNC'],
    fallback: false,
    help: 'Visit the networks while serving. Without it somebody else has to, with --only-sync',
    group: 'Explorer',
    kind: bool,
  }),
  onlySync: setting({
    flags: ['--only-sync'],
    env: ['LOCALAI_ONLY_SYNC', 'ONLY_SYNC'],
    fallback: false,
    help: 'Visit every network once and end, without serving',
    group: 'Explorer',
    kind: bool,
  }),
  visitIntervalMs: setting({
    flags: ['--visit-interval'],
    env: ['LOCALAI_EXPLORER_VISIT_INTERVAL'],
    fallback: 60_000,
    fallbackText: '1m',
    help: 'Time between two visits to a network; four times as long after each that fails, up to an hour',
    group: 'Explorer',
    kind: duration,
  }),
  visitsAtOnce: setting({
    flags: ['--visits-at-once'],
    env: ['LOCALAI_EXPLORER_VISITS_AT_ONCE'],
    fallback: 8,
    help: 'Networks that are visited at the same time',
    group: 'Explorer',
    kind: count,
  }),
  allowPrivateAddresses: setting({
    flags: ['--allow-private-addresses'],
    env: ['LOCALAI_EXPLORER_ALLOW_PRIVATE_ADDRESSES'],
    fallback: false,
    help: 'Also visit members at loopback and private addresses, as an explorer for a LAN does. Whoever adds a network then makes this machine dial there',
    group: 'Explorer',
    kind: bool,
  }),
  trustForwardedFor: setting({
    flags: ['--trust-forwarded-for'],
    env: ['LOCALAI_EXPLORER_TRUST_FORWARDED_FOR'],
    fallback: false,
    help: 'Behind a reverse proxy: limit requests by the last address in X-Forwarded-For, which the proxy must set',
    group: 'Explorer',
    kind: bool,
  }),
  shutdownTimeoutMs: apiSettings.shutdownTimeoutMs,
  p2pBootstrap: joinSettings.p2pBootstrap,
  p2pMdns: setting({
    ...joinSettings.p2pMdns,
    fallback: false,
    help: 'Look for members on the local network too, by multicast DNS',
  }),
  p2pLibLogLevel: joinSettings.p2pLibLogLevel,
} as const

export type ExplorerSettings = Values<typeof explorerSettings>

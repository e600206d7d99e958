import { AppError } from '../base/errors.ts'
import { bool, type Kind, list, optional, optionalCount, setting, type Values } from './setting.ts'

const UNIT_BYTES: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  ...{ kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
}

/** `8GB`, `512 MiB`, `1.5gb`; a bare number is bytes. */
export const byteSize: Kind<number> = {
  placeholder: 'SIZE',
  parse(value) {
    const [, amount, unit = ''] = /^(\d{1,15}(?:\.\d{1,6})?) ?([a-z]{0,3})$/i.exec(value.trim()) ?? []
    const bytes = Number(amount) * (UNIT_BYTES[unit.toLowerCase()] ?? Number.NaN)
    if (Number.isSafeInteger(Math.round(bytes))) return Math.round(bytes)
    throw new AppError('config.invalid', `expected a size such as 8GB, 512MB or 1.5GiB but got "${value}"`)
  },
}

/** What of this machine is lent, to whom. */
export const lendingSettings = {
  lendMemory: setting({
    flags: ['--lend-memory'],
    env: ['LOCALAI_LEND_MEMORY'],
    fallback: undefined,
    fallbackText: '80 % of what is free',
    help: 'Most memory that a model of another node gets here: 8GB',
    group: 'Workers',
    kind: optional(byteSize),
  }),
  lendThreads: setting({
    flags: ['--lend-threads'],
    env: ['LOCALAI_LEND_THREADS'],
    fallback: undefined,
    fallbackText: 'all cores',
    help: 'Threads that compute for it',
    group: 'Workers',
    kind: optionalCount,
  }),
  lendTo: setting({
    flags: ['--lend-to'],
    env: ['LOCALAI_LEND_TO'],
    fallback: [],
    fallbackText: 'every member of the same group',
    help: 'Lend to these nodes only. Their ids; names count as well, but a member calls itself what it likes',
    group: 'Workers',
    kind: list,
  }),
  weightsCacheSize: setting({
    flags: ['--weights-cache-size'],
    env: ['LOCALAI_WEIGHTS_CACHE_SIZE'],
    fallback: 20e9,
    fallbackText: '20GB',
    help: 'Disk space in --data-path for weights that were lent memory before, so that they need not come again; 0: none',
    group: 'Workers',
    kind: byteSize,
  }),
} as const

/** What `run` understands of lending and borrowing memory. */
export const lenderSettings = {
  lend: setting({
    flags: ['--lend'],
    env: ['LOCALAI_LEND'],
    fallback: false,
    help: "Lend this machine's memory to models of other members that are too large for one machine; needs --p2p",
    group: 'Workers',
    kind: bool,
  }),
  ...lendingSettings,
  rpcServers: setting({
    flags: ['--rpc-servers'],
    env: ['LOCALAI_RPC_SERVERS', 'LLAMACPP_GRPC_SERVERS'],
    fallback: [],
    fallbackText: '',
    help: "HOST:PORT of servers of llama.cpp's RPC that lend memory without a network; what goes there is neither encrypted nor checked",
    group: 'Workers',
    kind: list,
  }),
} as const

export type LenderSettings = Values<typeof lenderSettings>

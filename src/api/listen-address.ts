import { AppError } from '../base/errors.ts'

export interface ListenAddress {
  /** Undefined: every address of this machine, IPv6 and IPv4. */
  readonly host: string | undefined
  readonly port: number
}

/** `:8080`, `host:8080` and `[::1]:8080`, as LocalAI's `--address` takes them. */
export function parseListenAddress(address: string): ListenAddress {
  const parts = /^(?:\[(?<v6>[0-9A-Fa-f:.%\w]+)\]|(?<host>[^\s:[\]/]*)):(?<port>\d{1,5})$/.exec(address.trim())?.groups
  const port = Number(parts?.['port'])
  if (parts === undefined || port > 65535) {
    throw new AppError('config.invalid', `"${address}" is no address to listen on: use :8080, host:8080 or [::1]:8080`)
  }
  const host = parts['v6'] ?? parts['host']
  // As in Go, one address: clients that try `localhost` over IPv6 first fall back to IPv4.
  return { host: host === 'localhost' ? '127.0.0.1' : host || undefined, port }
}

/** A failed `listen` in words that say what to do. */
export function toListenError(thrown: unknown, { host, port }: ListenAddress): AppError {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is already in use: choose another with --address`,
    EACCES: `port ${port} needs rights that this user does not have: choose one above 1023 with --address`,
    EADDRNOTAVAIL: `${host} is not an address of this machine: choose another with --address`,
    ENOTFOUND: `the host name ${host} is not known: choose another with --address`,
  }
  const reason = typeof code === 'string' ? reasons[code] : undefined
  if (reason !== undefined) return new AppError('config.invalid', reason, { cause: thrown })
  return AppError.from(thrown, 'config.invalid')
}

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

/** No host means every address, IPv6 and IPv4; machines without IPv6 have the second only. */
export async function listenOn(
  listen: (at: { readonly host: string; readonly port: number }) => Promise<unknown>,
  { host, port }: ListenAddress,
): Promise<void> {
  if (host !== undefined) await listen({ host, port })
  else {
    await listen({ host: '::', port }).catch(async (error: unknown) => {
      if (!isWithoutIpv6(error)) throw error
      await listen({ host: '0.0.0.0', port })
    })
  }
}

function isWithoutIpv6(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL')
}

/** A failed `listen` in words that say what to do. `flag`: what says the address. */
export function toListenError(thrown: unknown, { host, port }: ListenAddress, flag = '--address'): AppError {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is already in use: choose another with ${flag}`,
    EACCES: `port ${port} needs rights that this user does not have: choose one above 1023 with ${flag}`,
    EADDRNOTAVAIL: `${host} is not an address of this machine: choose another with ${flag}`,
    ENOTFOUND: `the host name ${host} is not known: choose another with ${flag}`,
    ENOTSUP: `this system cannot share an address between processes: leave ${flag} away`,
  }
  const reason = typeof code === 'string' ? reasons[code] : undefined
  if (reason !== undefined) return new AppError('config.invalid', reason, { cause: thrown })
  return AppError.from(thrown, 'config.invalid')
}

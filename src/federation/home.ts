import { createHash } from 'node:crypto'

/** The name of a node in the ids of what lives on it; ten hexadecimal digits. */
export function homeOf(peerId: string): string {
  return createHash('sha256').update(peerId).digest('hex').slice(0, 10)
}

/** The home of a node that is in no network. */
export const NO_HOME = '0000000000'

/** `resp_<home>_<rest>` and the like: which node the id was made on; undefined for ids of another form. */
export function homeOfId(id: string): string | undefined {
  const home = /^[a-z]{1,16}_([0-9a-f]{10})_/.exec(id)?.[1]
  return home === NO_HOME ? undefined : home
}

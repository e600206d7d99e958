import type { Connection } from '@libp2p/interface'
import { AppError } from '../../base/errors.ts'
import type { Link } from './link.ts'

/** Links on which the peer has still to say who it is; one that does not in time is dropped. */
export interface Greetings {
  begin(link: Link): void
  /** It has said it, or is closed. */
  end(link: Link): void
  links(): Iterable<Link>
  isOn(connection: Connection): boolean
  countOf(peerId: string): number
  readonly size: number
}

export function createGreetings(greetingMs: number): Greetings {
  const timers = new Map<Link, NodeJS.Timeout>()
  return {
    begin(link) {
      const timer = setTimeout(() => {
        link.drop(new AppError('peer.unreachable', 'it did not say in time who it is'))
      }, greetingMs).unref()
      timers.set(link, timer)
    },
    end(link) {
      clearTimeout(timers.get(link))
      timers.delete(link)
    },
    links: () => timers.keys(),
    isOn: (connection) => [...timers.keys()].some((link) => link.connection === connection),
    countOf: (peerId) => [...timers.keys()].filter((link) => link.peerId === peerId).length,
    get size() {
      return timers.size
    },
  }
}

import type { Connection, Stream } from '@libp2p/interface'
import { AppError } from '../../base/errors.ts'
import { type AbortOptions, raceSignal } from '../../base/signals.ts'
import { createFrameBudget } from './frame-budget.ts'
import { createFrameChannel } from './frame-channel.ts'
import type { Frame } from './frames.ts'
import { decodeMessage, encodeMessage, LINK_VERSION, type LinkMessage } from './link-message.ts'
import { isIdle, type NodeLoad } from './node-record.ts'
import { createOutbox } from './outbox.ts'
import { createRoundTrip } from './round-trip.ts'

export interface LinkEvents {
  onBytes(link: Link): void
  /** One at a time. A rejection breaks the link. */
  onMessage(link: Link, message: LinkMessage): Promise<void> | void
  /** Once. Without an error the stream was ended in order, by either side. */
  onClosed(link: Link, error: Error | undefined): void
}

export interface LinkInit {
  /** This node's version, for people. */
  readonly software: string
  /** A peer that reads nothing for so long loses the link. */
  readonly stallMs: number
}

/** What two members tell each other over one stream, `/local-ai/link/1`. Sending never waits: see `Outbox`. */
export interface Link {
  readonly peerId: string
  readonly connection: Connection
  readonly isOpen: boolean
  readonly roundTripMs: number | undefined
  /** This node's own record; the newest counts. */
  tell(bytes: Uint8Array): void
  /** Another node's record. */
  hint(peerId: string, bytes: Uint8Array): void
  /** Who may be in the network, in the owner's words. */
  roster(bytes: Uint8Array): void
  beat(load: () => NodeLoad): void
  digest(ids: () => ReadonlySet<string>, answerWanted: boolean): void
  /** The last words; resolves when the other side has ended the stream. Rejects with the signal's reason. */
  goodbye(bytes: Uint8Array, options: AbortOptions): Promise<void>
  /** Ends the stream in order, in the background. */
  end(): void
  drop(error: Error): void
}

export function createLink(wire: { stream: Stream; connection: Connection }, events: LinkEvents, init: LinkInit): Link {
  const { stream, connection } = wire
  const peerId = connection.remotePeer.toString()
  const roundTrip = createRoundTrip()
  const budget = createFrameBudget()
  let isOpen = true
  let counter = 0
  let heard: { readonly counter: number; readonly at: number } | undefined
  let toldLoad: NodeLoad | undefined
  let toldPrefixes: NodeLoad['prefixes']

  const channel = createFrameChannel(stream, {
    onBytes: () => events.onBytes(link),
    onFrame,
    onClosed(error) {
      isOpen = false
      events.onClosed(link, error)
    },
  })
  const outbox = createOutbox(channel, init)

  function onFrame(frame: Frame): Promise<void> | void {
    const now = performance.now()
    if (!budget.spend(now)) throw new AppError('peer.unreachable', 'it sends more than a member has to say')
    const message = decodeMessage(frame)
    if (message.type === 'unknown') return
    if (message.type === 'malformed') throw new AppError('peer.unreachable', `it sent a malformed ${message.what}`)
    if (message.type === 'heartbeat') {
      const { beat } = message
      heard = { counter: beat.counter, at: now }
      roundTrip.echoed({ counter: beat.echo, heldMs: beat.heldMs }, now)
    }
    return events.onMessage(link, message)
  }
  function withNews(load: NodeLoad): NodeLoad {
    const { prefixes, ...rest } = load
    if (prefixes === toldPrefixes) return rest
    toldPrefixes = prefixes
    return load
  }
  function makeBeat(load: NodeLoad): Uint8Array {
    const now = performance.now()
    counter = (counter + 1) >>> 0
    roundTrip.sent(counter, now)
    const echo = { echo: heard?.counter ?? 0, heldMs: heard === undefined ? 0 : now - heard.at }
    // Told again while there is any: whoever counts its own requests on top starts anew from each report.
    const news = load === toldLoad && isIdle(load) ? {} : { load: withNews(load) }
    toldLoad = load
    return encodeMessage({ type: 'heartbeat', beat: { counter, ...echo, ...news } })
  }

  const link: Link = {
    peerId,
    connection,
    get isOpen() {
      return isOpen
    },
    get roundTripMs() {
      return roundTrip.lowestMs
    },
    tell: (bytes) => outbox.put('own', () => encodeMessage({ type: 'record', bytes })),
    hint: (about, bytes) => outbox.put(`about ${about}`, () => encodeMessage({ type: 'record', bytes })),
    roster: (bytes) => outbox.put('roster', () => encodeMessage({ type: 'roster', bytes })),
    beat: (load) => outbox.put('beat', () => makeBeat(load())),
    digest: (ids, answerWanted) =>
      outbox.put('digest', () => encodeMessage({ type: 'digest', ids: ids(), answerWanted })),
    async goodbye(bytes, options) {
      outbox.put('own', () => encodeMessage({ type: 'goodbye', bytes }))
      await raceSignal(outbox.flushed(), options.signal)
      await channel.finish(options)
    },
    end() {
      channel.finish({ signal: AbortSignal.timeout(init.stallMs) }).catch((error: unknown) => {
        channel.abort(AppError.from(error, 'peer.unreachable'))
      })
    },
    drop: (error) => channel.abort(error),
  }
  outbox.put('hello', () => encodeMessage({ type: 'hello', version: LINK_VERSION, software: init.software }))
  return link
}

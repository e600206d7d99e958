import type { ErrorCode } from '../../base/errors.ts'
import { illnessOf } from '../health/unwell.ts'
import { homeOf } from '../home.ts'
import { createAnswerJournal } from '../journal/answer-journal.ts'
import type { Place, Search } from '../places.ts'
import type { Attempt, RoutedRequest } from '../routed-request.ts'
import type { RequestFinished } from '../routing-events.ts'
import { type Attempts, allFailed, createAttempts, differs, givesBack, toolsLost } from './attempts.ts'
import { bookNext } from './book-next.ts'
import { createKnownLikeness } from './known-likeness.ts'
import { createLateness, type Lateness } from './lateness.ts'
import { type AnswerHead, LegLost, type Piece } from './leg.ts'
import { createPatience, type Patience } from './patience.ts'
import type { RelayDeps, RelayFacts, RelayInit, Shown } from './relay-deps.ts'
import { createRhythm, type Rhythm } from './rhythm.ts'
import { createSeamWatch, type SeamWatch } from './seam-watch.ts'
import { startTrack } from './start-track.ts'
import type { Track } from './track.ts'

const LINE_FEED = 0x0a
/** A request that kills one node's backend is shown to one more, not to all. */
const MOST_FAILED = 1

/**
 * The nodes at work on one request: the one that answers, perhaps a second one when the first is late, and the next one when
 * it is lost. Out of them comes one answer; what was given out never comes again and never changes.
 */
export class Relay {
  readonly #deps: RelayDeps
  readonly #init: RelayInit
  readonly #request: RoutedRequest
  readonly #signal: AbortSignal | undefined
  readonly #began: number
  readonly #attempts: Attempts
  readonly #journal = createAnswerJournal()
  readonly #seams: SeamWatch
  readonly #lateness: Lateness
  #active: Track | undefined
  #spare: Track | undefined
  #lost: Track | undefined
  #home: string | undefined
  #head: AnswerHead | undefined
  /** Whose tokens the journal holds; undefined: of nobody whose answer another one can carry on. */
  readonly #likeness = createKnownLikeness()
  #shown = false
  #lastByte = LINE_FEED
  #failed = 0
  readonly #rhythm: Rhythm
  /** When the answer was without a node first, this time. */
  #lostAt = 0
  readonly #patience: Patience

  constructor(deps: RelayDeps, init: RelayInit, facts: RelayFacts) {
    this.#deps = deps
    this.#init = init
    this.#request = facts.request
    this.#signal = facts.signal
    this.#began = facts.began
    const { request } = facts
    const { model = '', body } = request
    this.#attempts = createAttempts({
      now: deps.now,
      tried: (attempt, cause) => deps.events.tried(request, attempt, cause),
    })
    this.#seams = createSeamWatch(request, deps.events)
    this.#rhythm = createRhythm(deps)
    this.#patience = createPatience(deps)
    this.#lateness = createLateness(deps.paces, { model, bodyBytes: body?.length ?? 0 }, init)
  }

  get attempts(): readonly Attempt[] {
    return this.#attempts.list
  }

  /** Whose head the answer has, once there is one. */
  get head(): AnswerHead | undefined {
    return this.#head
  }

  /** The node that answers, or did so last. */
  get node(): { readonly peerId: string; readonly name: string } | undefined {
    return this.#active?.candidate ?? this.#lost?.candidate
  }

  /** From now on the client has the head, and it cannot be another one. */
  show(): void {
    this.#shown = true
  }

  /** Ends whatever runs, and gives what there is to tell of it. `code`: why an answer that was without a node stays so. */
  close(
    code: ErrorCode = 'request.cancelled',
  ): Pick<RequestFinished, 'firstBytesMs' | 'tokens' | 'generationMs' | 'pace'> {
    const node = this.node
    this.#patience.close()
    this.#seams.giveUp(code, this.#rhythm.silentMs)
    this.#dropSpare('late')
    if (this.#active !== undefined) this.#end(this.#active)
    const pace = this.#rhythm.ownPace()
    if (pace !== undefined) this.#lateness.ended(pace)
    const { generationMs } = this.#rhythm
    return { firstBytesMs: this.#attempts.answeredMs(node?.peerId), tokens: this.#journal.tokens, generationMs, pace }
  }

  /** Goes on until there is something for the client. */
  async advance(): Promise<Shown> {
    this.#rhythm.pulled()
    const shown = await this.#nextShown()
    this.#rhythm.handed()
    return shown
  }

  async #nextShown(): Promise<Shown> {
    for (;;) {
      this.#throwIfOver()
      if (this.#active === undefined) {
        const place = await this.#book()
        const { local, upstream } = place.candidate
        // What a server behind this node fails at goes to the next node, as what another node fails at does.
        const mayFail =
          upstream !== undefined && this.#deps.places.anyLeft(this.#request, this.#attempts.without(place))
        if (local && !mayFail && !this.#shown) return { kind: 'local', place }
        this.#adopt(this.#start(place))
      } else {
        const shown = await this.#step(this.#active)
        if (shown !== undefined) return shown
      }
    }
  }

  async #step(active: Track): Promise<Shown | undefined> {
    const track = await this.#nextToSpeak(active)
    if (track === undefined) return undefined
    try {
      const piece = await track.take()
      if (track === this.#spare && !this.#wins(track, piece)) return undefined
      // Late, but it is there.
      if (track === this.#active && piece.kind !== 'head' && piece.kind !== 'aside') this.#dropSpare('late')
      return this.#receive(track, piece)
    } catch (error) {
      this.#lose(track, error)
      return undefined
    }
  }

  /** Who has something to say; undefined when the active node was late and has got, or not got, a second one beside it. */
  async #nextToSpeak(active: Track): Promise<Track | undefined> {
    const spare = this.#spare
    if (spare !== undefined) return await Promise.race([active.ready(), spare.ready()])
    const lateMs = active.leg.ready() ? undefined : this.#lateAfterMs(active)
    if (lateMs === undefined) return active
    const speaker = await this.#patience.wait(active.ready(), lateMs)
    if (speaker === undefined) this.#helpOut(active)
    return speaker
  }

  #lateAfterMs(active: Track): number | undefined {
    // Two that run the same tools at the same time would be worse than one that is late.
    if (!this.#carriesOn() || this.#journal.tools !== 'none') return undefined
    if (!this.#rhythm.begun && !this.#shown) return this.#lateness.lateAfterMs('first-token')
    return this.#lateness.lateAfterMs(active.signed ? 'running' : 'beginning')
  }

  /** The answer is late: a second node begins it too, if there is one that has room. */
  #helpOut(active: Track): void {
    const { mayHedge, mayRetry, places, events, now } = this.#deps
    this.#lateness.wasLate()
    const hedge = !this.#rhythm.begun && !this.#shown
    if (!(hedge ? mayHedge() : mayRetry())) return
    const place = places.tryBook(this.#request, { ...this.#search(), ...this.#attempts.without(active) })
    if (place === undefined) return
    this.#spare = this.#start(place)
    const { peerId, name } = place.candidate
    if (hedge) events.hedged(this.#request, { peerId, name, afterMs: now() - active.since })
  }

  /** Whether the second node has said more than the first one. */
  #wins(spare: Track, piece: Piece): boolean {
    if (piece.kind === 'aside') return false
    if (piece.kind === 'head') {
      spare.head = piece.head
      if (piece.head.status >= 400) this.#dropSpare('broken')
      return false
    }
    if (piece.kind === 'body' && !spare.beyond(piece.bytes)) {
      if (spare.differs) this.#dropSpare('broken')
      return false
    }
    const loser = this.#active
    this.#spareTakesOver()
    if (loser !== undefined) {
      if (this.#shown || this.#rhythm.begun) this.#seams.begin(loser, 'stalled', this.#journal)
      else if (!loser.signed) this.#attempts.note(loser, 'late')
      loser.leg.cancel()
    }
    return true
  }

  /** It is on its way with the same tokens already. False when there is none. */
  #spareTakesOver(): boolean {
    const spare = this.#spare
    if (spare === undefined) return false
    this.#spare = undefined
    this.#adopt(spare)
    if (spare.head !== undefined && !this.#shown) this.#head = spare.head
    return true
  }

  #receive(track: Track, piece: Piece): Shown | undefined {
    if (piece.kind === 'head') return this.#receiveHead(track, piece.head)
    this.#sign(track)
    switch (piece.kind) {
      case 'tokens':
        this.#receiveTokens(track, piece.bytes)
        return undefined
      case 'aside':
        // In the middle of a line it would become part of it.
        return this.#shown && this.#lastByte === LINE_FEED ? { kind: 'bytes', bytes: piece.bytes } : undefined
      case 'end':
        if (!track.comparison.done) throw new LegLost('broken', differs())
        this.#goesOn(track)
        return { kind: 'end' }
      default:
        return this.#receiveBody(track, piece.bytes)
    }
  }

  #receiveHead(track: Track, head: AnswerHead): undefined {
    if (this.#shown) {
      if (head.status === this.#head?.status) return
      if (head.notStarted && !track.noted) this.#attempts.note(track, 'not-started', illnessOf(head.headers))
      throw new LegLost(head.notStarted ? 'given-back' : 'failed', differs())
    }
    if (head.notStarted && !track.signed) {
      this.#attempts.note(track, 'not-started', illnessOf(head.headers))
      if (this.#spareTakesOver() || this.#retryAllowed()) return void this.#end(track)
    }
    // A whole answer of which only the tokens were told.
    const givenBack = head.notStarted && track.signed && head.carriesOn
    if (givenBack && this.#deps.places.anyLeft(this.#request, this.#attempts.without(track))) {
      throw new LegLost('given-back', givesBack())
    }
    this.#head = head
  }

  #receiveTokens(track: Track, payload: Buffer): void {
    const count = this.#journal.note(payload)
    if (count === 0) return
    const now = this.#deps.now()
    this.#likeness.learn(now, () => this.#deps.places.likenessOf(this.#request, track.candidate.peerId))
    if (!this.#rhythm.begun) this.#lateness.firstToken(now - track.since)
    const gapMs = this.#rhythm.tokens(count)
    if (gapMs !== undefined && !this.#seams.open) this.#lateness.gap(gapMs)
    this.#goesOn(track)
  }

  #receiveBody(track: Track, bytes: Buffer): Shown | undefined {
    const rest = track.rest(bytes)
    if (track.differs) throw new LegLost('failed', differs())
    if (rest.length === 0) return undefined
    this.#goesOn(track)
    this.#journal.sent(rest)
    this.#lastByte = rest[rest.length - 1] ?? LINE_FEED
    return { kind: 'bytes', bytes: rest }
  }

  /** A node is lost, or has said that it cannot. Throws when nobody can take its place. */
  #lose(track: Track, error: unknown): void {
    this.#throwIfOver()
    if (!(error instanceof LegLost)) throw error
    if (track === this.#spare) {
      this.#dropSpare(error.outcome === 'unreachable' ? 'unreachable' : 'broken')
      return
    }
    const begun = track.signed
    this.#noteLoss(track, error)
    if (this.#spareTakesOver()) return
    const carrying = this.#shown || begun || this.#journal.tokens > 0
    const goesOn = carrying ? this.#mayCarryOn() : this.#retryAllowed()
    if (goesOn) return
    this.#seams.giveUp('peer.unreachable', this.#rhythm.silentMs)
    if (this.#journal.tools === 'running') throw toolsLost(error.error)
    throw this.#shown ? error.error : allFailed(this.#attempts.list, error.error)
  }

  #noteLoss(track: Track, { outcome, error }: LegLost): void {
    if (!this.#seams.open) this.#lostAt = this.#deps.now()
    if (!track.noted) this.#attempts.note(track, outcome === 'unreachable' ? 'unreachable' : 'broken', error)
    else this.#attempts.ruleOut(track.candidate.peerId)
    this.#end(track)
    const leaving = outcome === 'failed' || outcome === 'given-back'
    if (track.signed || this.#shown) this.#seams.begin(track, leaving ? 'leaving' : 'lost', this.#journal)
    if (outcome === 'failed') this.#failed += 1
  }

  #mayCarryOn(): boolean {
    const { maxSeams, carryOnWithinMs } = this.#init
    if (this.#failed > MOST_FAILED || this.#seams.count > maxSeams) return false
    if (this.#deps.now() - this.#lostAt > carryOnWithinMs) return false
    if (this.#bound) return this.#carriesOn()
    return this.#deps.places.anyLeft(this.#request, { asked: this.#attempts.asked })
  }

  /** The client has a part of it, or tools have run for it: it cannot begin anew. */
  get #bound(): boolean {
    const { tools } = this.#journal
    return this.#shown || tools === 'begun' || tools === 'running'
  }

  /** Whether another node could go on where this one is. */
  #carriesOn(): boolean {
    const { complete, tools } = this.#journal
    const told = !this.#shown || this.#head?.carriesOn === true
    const known = complete && tools !== 'running' && this.#likeness.current !== undefined
    return this.#request.carriesOn === true && told && known
  }

  #retryAllowed(): boolean {
    const { maxTries, retryWithinMs } = this.#init
    if (this.#attempts.list.length >= maxTries || this.#deps.now() - this.#began >= retryWithinMs) return false
    return this.#deps.places.anyLeft(this.#request, { asked: this.#attempts.asked }) && this.#deps.mayRetry()
  }

  async #book(): Promise<Place> {
    const { places } = this.#deps
    const options = this.#signal === undefined ? {} : { signal: this.#signal }
    if (!this.#bound) {
      const same = this.#search()
      // While nobody has seen anything, one that begins anew is better than none.
      const anew = same.likeness !== undefined && !places.anyLeft(this.#request, same)
      return await places.book(this.#request, anew ? { asked: this.#attempts.asked } : same, options)
    }
    return await bookNext(this.#deps, {
      ...{ request: this.#request, ...options },
      search: () => this.#search(),
      until: this.#lostAt + this.#init.carryOnWithinMs,
      stillWanted: () => this.#throwIfOver(),
      again: () => this.#attempts.forgive(),
      gaveUp: (code) => this.#seams.giveUp(code, this.#rhythm.silentMs),
    })
  }

  #search(): Search {
    const bound = this.#bound || this.#journal.tokens > 0
    return { asked: this.#attempts.asked, likeness: bound ? this.#likeness.current : undefined }
  }

  #start(place: Place): Track {
    const { peerId, likeness } = place.candidate
    if (!this.#bound && (likeness === undefined || likeness !== this.#likeness.current)) this.#journal.forgetTokens()
    this.#home ??= homeOf(peerId)
    const about = { request: this.#request, home: this.#home, journal: this.#journal, signal: this.#signal }
    return startTrack(this.#deps, place, about)
  }

  /** From now on it is the one that answers. */
  #adopt(track: Track): void {
    this.#active = track
    this.#rhythm.otherNode()
    if (!this.#shown) this.#likeness.set(track.candidate.likeness)
  }

  /** The first thing that is heard of a node. */
  #sign(track: Track): void {
    if (track.signed) return
    track.signed = true
    this.#rhythm.firstSign()
    if (!track.noted) this.#attempts.note(track, 'answered')
  }

  #dropSpare(outcome: Attempt['outcome']): void {
    const spare = this.#spare
    this.#spare = undefined
    if (spare === undefined) return
    if (!spare.noted) this.#attempts.note(spare, outcome)
    spare.leg.cancel()
  }

  #end(track: Track): void {
    track.leg.cancel()
    this.#lost = track
    if (this.#active === track) this.#active = undefined
  }

  /** Something new has come of it. */
  #goesOn(track: Track): void {
    if (this.#seams.close(track, this.#rhythm.silentMs)) this.#attempts.forgive()
    this.#rhythm.sign()
  }

  #throwIfOver(): void {
    this.#signal?.throwIfAborted()
    const reason = this.#deps.stopping()
    if (reason !== undefined) throw reason
  }
}

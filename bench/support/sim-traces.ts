import type { Job, Segment } from './sim-node.ts'
import { RATES } from './sim-node.ts'

/** A request as a client sends it. */
export interface Arrival extends Job {
  readonly at: number
  readonly body: Buffer
  /** Tokens at the beginning of the prompt that some node has computed before. */
  readonly known: number
}

export interface PlainInit {
  readonly perSecond: number
  readonly seconds: number
  /** Mean time of an answer on a node of speed 1. */
  readonly meanMs: number
  /** Of the logarithm. */
  readonly sigma: number
  readonly promptTokens: number
}

type Random = () => number

/** Poisson arrivals, log-normal work, no two prompts alike. */
export function plainTrace(init: PlainInit, random: Random): readonly Arrival[] {
  const arrivals: Arrival[] = []
  const end = init.seconds * 1000
  for (let at = 0, count = 0; ; count += 1) {
    at += exponential(1000 / init.perSecond, random)
    if (at > end) return arrivals
    const ms = init.meanMs * Math.exp(init.sigma * normal(random) - init.sigma ** 2 / 2)
    const tokens = Math.max(1, (ms * RATES.generationTokensPerSecond) / 1000)
    const text = `${count} ${random()} `.padEnd(init.promptTokens * 4, `${count} word `)
    const prompt = [{ id: `p${count}`, tokens: init.promptTokens }]
    const messages = [{ role: 'user', content: text }]
    arrivals.push({ at, prompt, answer: { id: `a${count}`, tokens }, body: toBody(messages), known: 0 })
  }
}

export interface TalksInit {
  /** Conversations that begin in a second. */
  readonly perSecond: number
  readonly seconds: number
  /** Different system prompts. */
  readonly systems: number
  readonly systemTokens: number
  readonly turnTokens: number
  readonly answerTokens: number
  readonly thinkMs: number
}

/** Conversations of several turns, each with one of a few long system prompts. Think times count from the last request. */
export function talksTrace(init: TalksInit, random: Random): readonly Arrival[] {
  const arrivals: Arrival[] = []
  const end = init.seconds * 1000
  for (let start = 0, talk = 0; start < end; talk += 1) {
    start += exponential(1000 / init.perSecond, random)
    const system = Math.floor(random() * init.systems)
    const systemText = toText(`system ${system}`, init.systemTokens)
    const prompt: Segment[] = [{ id: `s${system}`, tokens: init.systemTokens }]
    const messages: { role: string; content: string }[] = [{ role: 'system', content: systemText }]
    const turns = 4 + Math.floor(random() * 5)
    let at = start
    for (let turn = 0; turn < turns && at < end; turn += 1) {
      const known = prompt.reduce((sum, { tokens }) => sum + tokens, 0)
      const name = `${talk}.${turn}`
      prompt.push({ id: `u${name}`, tokens: init.turnTokens })
      messages.push({ role: 'user', content: toText(`user ${name}`, init.turnTokens) })
      const tokens = Math.max(8, init.answerTokens * Math.exp(0.5 * normal(random) - 0.125))
      const answer = { id: `a${name}`, tokens }
      arrivals.push({ at, prompt: [...prompt], answer, body: toBody(messages), known })
      prompt.push(answer)
      messages.push({ role: 'assistant', content: toText(`assistant ${name}`, tokens) })
      at += init.thinkMs * (0.5 + random()) + (tokens * 1000) / RATES.generationTokensPerSecond
    }
  }
  return arrivals.sort((left, right) => left.at - right.at)
}

function toText(name: string, tokens: number): string {
  return `${name} `.repeat(Math.ceil((tokens * 4) / (name.length + 1))).slice(0, Math.round(tokens * 4))
}

function toBody(messages: readonly object[]): Buffer {
  return Buffer.from(JSON.stringify({ model: 'm', stream: true, messages }))
}

function exponential(mean: number, random: Random): number {
  return -mean * Math.log(1 - random())
}

/** Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}

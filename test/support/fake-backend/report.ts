import type { Socket } from 'node:net'

/** What the fake backend tells a test, one JSON object a line. The end of the connection proves the process's death. */
export type FakeBackendReport =
  | {
      readonly event: 'started'
      readonly pid: number
      readonly address: string
      readonly cwd: string
      readonly arguments: readonly string[]
      readonly environment: readonly string[]
    }
  /** On TCP, `port` is the one it got. */
  | { readonly event: 'serving'; readonly port: number }
  | { readonly event: 'load'; readonly options: Readonly<Record<string, unknown>> }
  | { readonly event: 'predict'; readonly prompt: string }
  /** The call's send window is full after so many messages: the reader is slower. */
  | { readonly event: 'stalled'; readonly sent: number }
  | { readonly event: 'predict-ended'; readonly sent: number; readonly cancelled: boolean }
  | { readonly event: 'hanging' }
  | { readonly event: 'free' }
  | { readonly event: 'sigterm' }

export interface Reporter {
  report(message: FakeBackendReport): void
  /** Waits until the test writes this word on a line of its own. */
  told(word: string): Promise<void>
  hear(line: string): void
}

export function createReporter(control: Socket | undefined): Reporter {
  const heard = new Map<string, PromiseWithResolvers<void>>()
  const wordOf = (word: string): PromiseWithResolvers<void> => {
    const known = heard.get(word) ?? Promise.withResolvers<void>()
    heard.set(word, known)
    return known
  }
  return {
    report: (message) => control?.write(`${JSON.stringify(message)}\n`),
    told: (word) => wordOf(word).promise,
    hear: (line) => wordOf(line.trim()).resolve(),
  }
}

import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import { api, messageOf } from './api.ts'
import { connection } from './live.ts'
import { hrefOf } from './router.ts'

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'

/** A line of `/api/logs`. */
export interface LogLine {
  readonly id: number
  readonly at: number
  readonly level: LogLevel
  readonly room?: string
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export interface LogFilter {
  readonly level: LogLevel
  readonly room: string
  readonly text: string
}

const MOST = 5000
const AGAIN_MS = 2000
/** Lines may come by the thousand: they are drawn together. */
const DRAW_EVERY_MS = 200

/** The lines that fit, newest first, for as long as the page is there. */
export function useLog({ level, room, text }: LogFilter) {
  const lines = useSignal<readonly LogLine[]>([])
  const rooms = useSignal<readonly string[]>([])
  const error = useSignal<string | undefined>(undefined)
  const live = useSignal(false)
  // Of a node that falls silent no stream hears the end.
  const isLost = connection.value === 'lost'

  useEffect(() => {
    const leaving = new AbortController()
    let stream: EventSource | undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    let come: LogLine[] = []
    const query = new URLSearchParams({ level, ...(room === '' ? {} : { room }), ...(text === '' ? {} : { text }) })

    // The ids begin anew when the node does: after a break, everything is read again.
    async function begin(): Promise<void> {
      try {
        const found = await api<{ readonly lines: readonly LogLine[]; readonly rooms: readonly string[] }>(
          `/api/logs?${query}&limit=2000`,
          { signal: leaving.signal },
        )
        lines.value = found.lines.toReversed()
        rooms.value = found.rooms
        error.value = undefined
        follow(found.lines.at(-1)?.id ?? 0)
      } catch (thrown) {
        if (leaving.signal.aborted) return
        error.value = messageOf(thrown)
        timer = setTimeout(() => void begin(), AGAIN_MS)
      }
    }

    function follow(after: number): void {
      stream = new EventSource(hrefOf(`/api/logs/events?${query}&after=${after}`))
      stream.onopen = () => {
        live.value = true
      }
      stream.onmessage = ({ data }) => come.push(JSON.parse(String(data)) as LogLine)
      stream.onerror = () => {
        stream?.close()
        live.value = false
        timer = setTimeout(() => void begin(), AGAIN_MS)
      }
    }

    const drawing = setInterval(() => {
      if (come.length === 0) return
      lines.value = [...come.toReversed(), ...lines.peek()].slice(0, MOST)
      come = []
    }, DRAW_EVERY_MS)
    void begin()
    return () => {
      leaving.abort()
      stream?.close()
      clearTimeout(timer)
      clearInterval(drawing)
      live.value = false
    }
  }, [level, room, text, isLost, lines, rooms, error, live])
  return { lines, rooms, error, live }
}

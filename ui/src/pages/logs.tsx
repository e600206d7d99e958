import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { Button } from '../components/button.tsx'
import { CopyButton } from '../components/copy-button.tsx'
import { Dialog } from '../components/dialog.tsx'
import { Badge, Empty, Problem } from '../components/parts.tsx'
import { type Column, Table } from '../components/table.tsx'
import { formatTime } from '../format.ts'
import { type LogFilter, type LogLevel, type LogLine, useLog } from '../use-log.ts'

const LEVELS: readonly (readonly [LogLevel, string])[] = [
  ['trace', 'Everything'],
  ['debug', 'Debug and louder'],
  ['info', 'Info and louder'],
  ['warn', 'Warnings and errors'],
  ['error', 'Errors'],
]

const COLUMNS: readonly Column<LogLine>[] = [
  { title: 'Time', width: '6rem', cell: ({ at }) => <span class="mono">{formatTime(at)}</span> },
  { title: 'Level', width: '4.5rem', cell: ({ level }) => <LevelBadge level={level} /> },
  { title: 'Room', width: '7rem', wide: true, cell: ({ room = '' }) => room },
  {
    title: 'Message',

    cell: ({ message, fields }) => (
      <>
        {message} <span class="soft mono">{shortFields(fields)}</span>
      </>
    ),
  },
]

/** What this node logs, as it does. */
export function Page() {
  const filter = useSignal<LogFilter>({ level: 'trace', room: '', text: '' })
  const paused = useSignal<readonly LogLine[] | undefined>(undefined)
  const open = useSignal<LogLine | undefined>(undefined)
  const { lines, rooms, error, live } = useLog(filter.value)
  return (
    <>
      <header class="page-head">
        <h1>Logs</h1>
        <span aria-live="polite">
          {live.value ? <Badge tone="good">live</Badge> : <Badge tone="warn">waiting</Badge>}
        </span>
      </header>
      <Filters
        value={filter.value}
        rooms={rooms.value}
        onChange={(changed) => {
          filter.value = changed
          paused.value = undefined
        }}
        paused={paused.value !== undefined}
        onPause={() => {
          paused.value = paused.value === undefined ? lines.value : undefined
        }}
      />
      {error.value === undefined ? null : <Problem>{error.value}</Problem>}
      <Table
        label="Lines of the log, newest first"
        columns={COLUMNS}
        rows={paused.value ?? lines.value}
        keyOf={({ id }) => String(id)}
        rowHeight={32}
        height="70vh"
        selected={open.value === undefined ? undefined : String(open.value.id)}
        onOpen={(line) => {
          open.value = line
        }}
        empty={<Empty icon="logs" title="No line fits" />}
      />
      {open.value === undefined ? null : (
        <LineDialog
          line={open.value}
          onClose={() => {
            open.value = undefined
          }}
        />
      )}
    </>
  )
}

interface FiltersProps {
  readonly value: LogFilter
  readonly rooms: readonly string[]
  readonly onChange: (filter: LogFilter) => void
  readonly paused: boolean
  readonly onPause: () => void
}

const TYPING_MS = 250

function Filters({ value, rooms, onChange, paused, onPause }: FiltersProps) {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useEffect(() => () => clearTimeout(timer.current), [])
  return (
    <search class="filters three">
      <input
        type="search"
        aria-label="Text in the line"
        placeholder="Text in the line"
        onInput={(event) => {
          const text = event.currentTarget.value.slice(0, 200)
          clearTimeout(timer.current)
          timer.current = setTimeout(() => onChange({ ...value, text }), TYPING_MS)
        }}
      />
      <select
        aria-label="Level"
        value={value.level}
        onChange={(event) => onChange({ ...value, level: event.currentTarget.value as LogLevel })}
      >
        {LEVELS.map(([level, title]) => (
          <option key={level} value={level}>
            {title}
          </option>
        ))}
      </select>
      <select
        aria-label="Room"
        value={value.room}
        onChange={(event) => onChange({ ...value, room: event.currentTarget.value })}
      >
        <option value="">All rooms</option>
        {rooms.map((room) => (
          <option key={room} value={room}>
            {room}
          </option>
        ))}
      </select>
      <Button icon={paused ? 'play' : 'pause'} pressed={paused} onClick={onPause}>
        {paused ? 'Go on' : 'Pause'}
      </Button>
    </search>
  )
}

function LevelBadge({ level }: { readonly level: LogLevel }) {
  if (level === 'error' || level === 'fatal') return <Badge tone="bad">{level}</Badge>
  return <Badge tone={level === 'warn' ? 'warn' : 'plain'}>{level}</Badge>
}

function LineDialog({ line, onClose }: { readonly line: LogLine; readonly onClose: () => void }) {
  const { at, level, room, message, fields } = line
  const text = JSON.stringify({ time: new Date(at).toISOString(), level, room, message, ...fields }, null, 2)
  return (
    <Dialog title={message || 'A line without words'} wide onClose={onClose} actions={<CopyButton text={() => text} />}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard */}
      <pre tabIndex={0}>{text}</pre>
    </Dialog>
  )
}

const SHORT = 300

/** Nobody reads more digits; the whole line has them. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 1000) / 1000 : value
}

function shortFields(fields: LogLine['fields']): string {
  // Which request it was says little at a glance; it stands in the whole line.
  const { id: _, ...told } = fields
  const words = Object.entries(told).map(([name, value]) => {
    const text = typeof value === 'string' ? value : JSON.stringify(value, rounded)
    return `${name}=${text}`
  })
  return words.join(' ').slice(0, SHORT)
}

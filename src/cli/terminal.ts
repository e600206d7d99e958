import { stripVTControlCharacters, styleText } from 'node:util'
import { formatBytes } from '../base/format-bytes.ts'

export type Style = Parameters<typeof styleText>[0]

/** Colours only where a person looks: on a terminal, and not when NO_COLOR is set. */
export function paint(style: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(style, text, { stream })
}

const width = (cell: string): number => stripVTControlCharacters(cell).length

/** Columns as wide as their widest cell; the last one is left ragged. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (widest, row) => row.map((cell, column) => Math.max(widest[column] ?? 0, width(cell))),
    [],
  )
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - width(cell)),
      )
      .join('  ')
      .trimEnd(),
  )
  return `${lines.join('\n')}\n`
}

export interface Progress {
  readonly what: string
  /** Present when the whole is known. */
  readonly total?: number
  readonly current: number
  readonly unit: 'bytes' | 'steps'
}

/**
 * Shows the progress of one long piece of work on stderr: one line that is rewritten on a terminal, otherwise a line for
 * every tenth part.
 */
export function createProgressPrinter(stream: NodeJS.WriteStream = process.stderr): {
  show(progress: Progress): void
  done(): void
} {
  let lastLine = ''
  let lastTenth = -1
  let lastWhat = ''
  return {
    show(progress) {
      const line = renderProgress(progress)
      if (stream.isTTY) {
        if (line === lastLine) return
        stream.write(`\r\u001b[K${line.slice(0, (stream.columns ?? 80) - 1)}`)
      } else {
        const tenth = progress.total === undefined ? 0 : Math.floor((10 * progress.current) / progress.total)
        if (tenth === lastTenth && progress.what === lastWhat) return
        lastTenth = tenth
        stream.write(`${line}\n`)
      }
      lastLine = line
      lastWhat = progress.what
    },
    done() {
      if (stream.isTTY && lastLine !== '') stream.write('\n')
      lastLine = ''
      lastTenth = -1
    },
  }
}

export function renderProgress({ what, total, current, unit }: Progress): string {
  const amount = (value: number): string => (unit === 'bytes' ? formatBytes(value) : String(value))
  if (total === undefined) return current > 0 ? `${what}: ${amount(current)}` : what
  const fraction = total === 0 ? 1 : Math.min(1, current / total)
  const filled = Math.round(fraction * 24)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(24 - filled)}`
  const percent = String(Math.floor(fraction * 100)).padStart(3)
  return `${what} ${bar} ${percent} %  ${amount(current)} of ${amount(total)}`
}

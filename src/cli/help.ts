import type { Setting } from '../config/setting.ts'
import { globalSettings } from '../config/settings.ts'
import type { CommandNode } from './program.ts'
import { paint } from './terminal.ts'

/** Widest column of flags; a longer flag has its text on the next line. */
const WIDEST_LEFT = 32
/** Narrower than this, every text stands below its flag. */
const NARROW = 60
/** Longer lines are hard to read. */
const WIDEST_LINE = 110

/** Columns of the terminal that standard output goes to; 80 elsewhere. */
export function terminalWidth(stream: NodeJS.WriteStream = process.stdout): number {
  return stream.columns > 0 ? stream.columns : Number(process.env['COLUMNS']) || 80
}

type Row = readonly [left: string, right: string]

const HELP_ROW: Row = ['-h, --help', 'Show the help of a command']

/** The help of the last command of the path, for a terminal of `width` columns. */
export function renderHelp(path: readonly CommandNode[], width: number): string {
  const command = path.at(-1)
  if (command === undefined) return ''
  const columns = Math.min(width, WIDEST_LINE)
  const shownCommands = command.commands.filter(({ hidden }) => !hidden)
  const sections = [
    usageLine(path),
    paragraph(command.summary, columns),
    section('Commands', shownCommands.map(toCommandRow), { columns }),
    section('Arguments', toArgumentRows(command), { columns }),
    ...flagSections(command, columns),
    command.notes ?? '',
    section(
      'Examples',
      command.examples.map(([line, what]) => [line, what] as const),
      { columns },
    ),
    path.length === 1
      ? paragraph('Without a command, local-ai runs the node: `local-ai` is `local-ai run`.', columns)
      : '',
    shownCommands.length > 0
      ? paragraph(`Run "${nameOf(path)} COMMAND --help" for the flags of a command.`, columns)
      : '',
  ]
  return `${sections.filter((text) => text !== '').join('\n\n')}\n`
}

/** `Usage: local-ai models install <model> ... [flags]`. */
export function usageLine(path: readonly CommandNode[]): string {
  const command = path.at(-1)
  const names = (command?.arguments ?? []).map(({ name, required, repeats }) => {
    const shown = `${name.toUpperCase()}${repeats ? '...' : ''}`
    return required ? shown : `[${shown}]`
  })
  const below = (command?.commands.length ?? 0) > 0 ? ['COMMAND'] : []
  return `${paint('bold', 'Usage:')} ${[nameOf(path), ...below, ...names, '[flags]'].join(' ')}`
}

export function nameOf(path: readonly CommandNode[]): string {
  return path.map(({ name }) => name).join(' ')
}

/** The flags of a command by their groups, its own before those of all commands; hidden ones only when wanted. */
export function groupsOf(
  command: CommandNode,
  options: { readonly hidden?: boolean } = {},
): readonly (readonly [group: string, rows: readonly Setting<unknown>[]])[] {
  const rows = [...Object.values(command.settings), ...Object.values(globalSettings)]
  const groups = Map.groupBy(
    rows.filter(({ hidden }) => options.hidden === true || hidden !== true),
    ({ group }) => group,
  )
  return [...groups]
}

/** What the help says of a default: nothing where it says nothing. */
export function shownDefault(row: Setting<unknown>): string {
  if (row.fallbackText !== undefined) return row.fallbackText
  const { fallback } = row
  if (typeof fallback === 'function' || fallback === undefined || fallback === false) return ''
  return String(fallback)
}

function toCommandRow({ name, summary, isDefault }: CommandNode): Row {
  return [name, isDefault ? `${summary} (default)` : summary]
}

function toArgumentRows({ arguments: words, argumentHelp = '' }: CommandNode): readonly Row[] {
  const [first] = words
  if (first === undefined || argumentHelp === '') return []
  const names = words.map(({ name, repeats }) => `${name.toUpperCase()}${repeats ? '...' : ''}`)
  return [[names.join(' '), argumentHelp]]
}

function toFlagRow(row: Setting<unknown>): Row {
  const { kind, help, env, flags, short, deprecated, required } = row
  const value = kind.placeholder === undefined ? '' : `=${kind.placeholder}`
  const fallback = shownDefault(row)
  const right = [
    help,
    ...(required === true ? ['(required)'] : []),
    ...(deprecated === undefined ? [] : [`DEPRECATED: ${deprecated}`]),
    ...(fallback === '' ? [] : [`(default: ${fallback})`]),
    ...(env.length === 0 ? [] : [`[$${env.join(', $')}]`]),
  ]
  return [`${short === undefined ? '    ' : `${short}, `}${flags[0]}${value}`, right.join(' ')]
}

/** All flags share one column, so that their texts stand below each other. */
function flagSections(command: CommandNode, columns: number): readonly string[] {
  const groups = groupsOf(command).map(([group, rows]) => [group, rows.map(toFlagRow)] as const)
  const left = widest(groups.flatMap(([, rows]) => rows))
  return groups.map(([group, rows]) => {
    return section(group, group === 'Global' ? [HELP_ROW, ...rows] : rows, { columns, left })
  })
}

function widest(rows: readonly Row[]): number {
  return Math.min(WIDEST_LEFT, Math.max(...rows.map(([word]) => word.length)))
}

function section(
  title: string,
  rows: readonly Row[],
  layout: { readonly columns: number; readonly left?: number },
): string {
  if (rows.length === 0) return ''
  const { columns, left = widest(rows) } = layout
  const lines = rows.flatMap((row) => (columns < NARROW ? stacked(row, columns) : beside(row, left, columns)))
  return [paint('bold', `${title}:`), ...lines].join('\n')
}

function beside([word, text]: Row, left: number, columns: number): readonly string[] {
  const margin = ' '.repeat(left + 4)
  const [first = '', ...rest] = wrap(text, columns - margin.length)
  const shown = `  ${paint('cyan', word)}`
  const head =
    word.length > left ? [shown, `${margin}${first}`] : [`${shown}${' '.repeat(left - word.length)}  ${first}`]
  return [...head, ...rest.map((line) => `${margin}${line}`)].map((line) => line.trimEnd())
}

function stacked([word, text]: Row, columns: number): readonly string[] {
  return [`  ${paint('cyan', word)}`, ...wrap(text, columns - 6).map((line) => `      ${line}`)]
}

function paragraph(text: string, columns: number): string {
  return wrap(text, columns).join('\n')
}

/** Lines of at most `columns` characters, broken between words; a longer word has a line of its own. */
function wrap(text: string, columns: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= columns) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

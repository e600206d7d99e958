// `node scripts/reference.mjs`: docs/reference/cli.md from the commands and settings. `--check`: fails when it is out of date.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { program } from '../src/cli/commands.ts'
import { groupsOf, nameOf, shownDefault } from '../src/cli/help.ts'
import { showArgument } from '../src/cli/parse.ts'

const target = fileURLToPath(new URL('../docs/reference/cli.md', import.meta.url))

const INTRODUCTION = `# The command line

Made from the source by \`node scripts/reference.mjs\`; do not edit it.

A flag is written \`--flag=value\` or \`--flag value\`; a flag with a short form also \`-f value\` or \`-fvalue\`. Flags that need no value
take \`=true\` and \`=false\` (also \`1\`, \`0\`, \`yes\`, \`no\`). Lists are separated by commas and may be repeated; \`\\,\` is a comma in an element.
Durations are written \`500ms\`, \`30s\`, \`15m\`, \`1h30m\`. Behind \`--\` nothing is a flag.

Most flags have variables. The flag counts before the variable, the first variable that is set before the others, and that before
the default; with \`LOCALAI_ENV_PRECEDENCE=1\` variables count before flags. Variables may stand in \`./.env\`, \`./localai.env\`,
\`~/localai.env\`, \`~/.config/localai.env\` and \`/etc/localai.env\`, the first of which counts; the environment counts before all of them.

Exit status: 0 success, 1 failure, 80 a mistake on the command line.
`

function reference() {
  const globals = groupsOf(program, { hidden: true }).map(([group, rows]) => flagTable(group, rows))
  const parts = [INTRODUCTION, `## Flags of every command\n\n${globals.join('\n')}`, ...sections([program])]
  return `${parts.join('\n').trimEnd()}\n`
}

function sections(path) {
  const command = path.at(-1)
  const below = command.commands.filter(({ hidden }) => !hidden).flatMap((child) => sections([...path, child]))
  return path.length === 1 ? below : [section(path), ...below]
}

function section(path) {
  const command = path.at(-1)
  const usage = [
    nameOf(path),
    ...command.arguments.map(showArgument),
    command.run === undefined ? 'COMMAND' : '[flags]',
  ]
  const children = command.commands.filter(({ hidden }) => !hidden)
  const lines = [
    `## ${nameOf(path)}`,
    `${command.summary}.`,
    `\`${usage.join(' ')}\``,
    command.argumentHelp === undefined
      ? ''
      : `${command.arguments.map(({ name }) => name.toUpperCase()).join(' ')}: ${command.argumentHelp}.`,
    children
      .map(({ name, summary, isDefault }) => `- \`${name}\`${isDefault ? ' (default)' : ''}: ${summary}`)
      .join('\n'),
    groupsOf(command, { hidden: true })
      .filter(([group]) => group !== 'Global')
      .map(([group, rows]) => flagTable(group, rows))
      .join('\n'),
    command.notes === undefined ? '' : `\`\`\`text\n${command.notes}\n\`\`\``,
    command.examples.map(([line, what]) => `- \`${line}\`: ${what}`).join('\n'),
  ]
  return `${lines.filter((line) => line !== '').join('\n\n')}\n`
}

function flagTable(group, rows) {
  const lines = rows.map((row) => {
    const value = row.kind.placeholder === undefined ? '' : `=${row.kind.placeholder}`
    const names = [...(row.short === undefined ? [] : [row.short]), ...row.flags]
    const flags = names.map((flag, index) => `\`${flag}${index === names.length - 1 ? value : ''}\``).join(', ')
    const notes = [
      ...(row.required ? ['Required.'] : []),
      ...(row.deprecated ? [`Deprecated: ${row.deprecated}.`] : []),
    ]
    const variables = row.env.map((name) => `\`${name}\``).join(', ')
    return [flags, row.fallback === false ? 'false' : shownDefault(row), variables, [row.help, ...notes].join('. ')]
  })
  const table = [[group, 'Default', 'Variables', 'Meaning'], ['---', '---', '---', '---'], ...lines]
  return `${table.map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')}\n`
}

function cell(text) {
  return text.replaceAll('|', '\\|')
}

const wanted = reference()
if (!process.argv.includes('--check')) {
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, wanted)
} else if (read() !== wanted) {
  console.error('docs/reference/cli.md differs from the commands and settings: node scripts/reference.mjs')
  process.exitCode = 1
}

function read() {
  try {
    return readFileSync(target, 'utf8')
  } catch {
    return ''
  }
}

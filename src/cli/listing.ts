import { bool, setting } from '../config/setting.ts'
import { formatTable, paint } from './terminal.ts'

/** `--json` of every command that prints facts. */
export const json = setting({
  flags: ['--json'],
  env: [],
  fallback: false,
  help: 'Print JSON instead of a table',
  group: 'Output',
  kind: bool,
})

export interface Installable {
  readonly name: string
  readonly installed: boolean
  readonly description?: string
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
}

/** What can be installed, and what is: a table for people, or JSON with everything that is known. */
export function printInstallables(entries: readonly Installable[], asJson: boolean): void {
  if (asJson) {
    printJson(entries)
    return
  }
  const rows = entries.map(({ name, installed, description = '' }) => [
    name,
    installed ? paint('green', 'installed') : '',
    description,
  ])
  process.stdout.write(formatTable([['NAME', 'STATE', 'DESCRIPTION'], ...rows]))
}

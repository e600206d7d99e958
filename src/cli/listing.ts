import { bool, setting } from '../config/setting.ts'
import { paint } from './terminal.ts'

/** `--json` of every command that prints facts. */
export const json = setting({
  flags: ['--json'],
  env: [],
  fallback: false,
  help: 'Print JSON, with everything that is known',
  group: 'Output',
  kind: bool,
})

export interface Installable {
  /** `gallery@name`, or the name. */
  readonly id: string
  readonly installed: boolean
}

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`)
}

/** What can be installed, and what is: a line each as LocalAI writes them, or JSON with everything that is known. */
export function printInstallables(entries: readonly Installable[], asJson: boolean): void {
  if (asJson) printJson(entries)
  else process.stdout.write(entries.map((entry) => `${toLine(entry)}\n`).join(''))
}

function toLine({ id, installed }: Installable): string {
  return installed ? paint('green', ` * ${id} (installed)`) : ` - ${id}`
}

import type { ScannedUri } from '../../../compose/scan-hub.ts'
import { hubScanSettings } from '../../../config/tool-settings.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandDefinition } from '../../program.ts'
import { formatTable, paint } from '../../terminal.ts'
import { whileWorking } from '../../while-working.ts'

const settings = { ...hubScanSettings, json } as const

const SENTENCES: Readonly<Record<ScannedUri['result'], string>> = {
  clean: 'nothing found',
  unsafe: 'unsafe files found',
  unanswered: 'the hub has no result, or did not answer',
  elsewhere: 'not on the Hugging Face hub: nobody has scanned it',
}

const COLOURS = { clean: 'green', unsafe: 'red', unanswered: 'yellow', elsewhere: 'yellow' } as const

/** Exit status 1 when something unsafe was found. */
export const hfScanCommand: CommandDefinition<typeof settings> = {
  name: 'hf-scan',
  argument: '<URI...>',
  argumentHelp: 'sources of models, as "models install" takes them',
  summary: 'Ask the Hugging Face hub what its scanners found in the repositories of models',
  settings,
  examples: [
    ['local-ai util hf-scan hf://owner/repo/file.gguf', 'exit status 1 when something unsafe was found'],
    ['local-ai util hf-scan --json hf://owner/repo/a.gguf hf://owner/repo/b.gguf', 'for scripts'],
  ],
  async run({ settings, environment, arguments: uris }) {
    const { scanHub } = await import('../../../compose/scan-hub.ts')
    const scanned = await whileWorking('asking the hub', (options) =>
      scanHub(uris, { settings, environment: environment.variables }, options),
    )
    if (settings.json) printJson(scanned)
    else process.stdout.write(formatTable(scanned.map(toRow)))
    if (scanned.some(({ result }) => result === 'unsafe')) process.exitCode = 1
  },
}

function toRow({ uri, result }: ScannedUri): readonly string[] {
  return [paint(COLOURS[result], result), uri, SENTENCES[result]]
}

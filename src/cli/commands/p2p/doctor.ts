import { doctorSettings } from '../../../config/network-settings.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandDefinition } from '../../program.ts'
import { formatTable, paint } from '../../terminal.ts'
import { abortOnSignal } from '../../until-signal.ts'
import { text } from './network-answers.ts'

const settings = { ...doctorSettings, json } as const

const COLOURS = { ok: 'green', note: 'yellow', problem: 'red' } as const

/** `p2p doctor`: tries to join as a node would, and says in words what stood in the way. Exit status 1 when something did. */
export const doctorCommand: CommandDefinition<typeof settings> = {
  name: 'doctor',
  summary: 'Try to join the network and say what stands in the way: token, clock, port, addresses, version',
  settings,
  examples: [
    ['local-ai p2p doctor', 'with the token and the flags that the node itself would use'],
    ['local-ai p2p doctor --p2p-bootstrap 192.168.1.20:7946', 'can this machine reach that one?'],
  ],
  async run({ settings, log }) {
    const { diagnose } = await import('../../../compose/diagnose.ts')
    using interrupted = abortOnSignal()
    const checks = await diagnose(settings, { log }, { signal: interrupted.signal })
    if (settings.json) printJson(checks)
    else {
      const rows = checks.map(({ state, what, message }) => [paint(COLOURS[state], state), what, text(message)])
      process.stdout.write(formatTable(rows))
    }
    if (checks.some(({ state }) => state === 'problem')) process.exitCode = 1
  },
}

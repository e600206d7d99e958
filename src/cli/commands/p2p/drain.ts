import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../../../base/errors.ts'
import { endpointSettings } from '../../../config/network-settings.ts'
import { bool, setting } from '../../../config/setting.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandDefinition } from '../../program.ts'
import { abortOnSignal } from '../../until-signal.ts'
import { toShownDrain } from './network-answers.ts'

const settings = {
  ...endpointSettings,
  undo: setting({
    flags: ['--undo'],
    env: [],
    fallback: false,
    help: 'Take new requests again',
    group: 'Other',
    kind: bool,
  }),
  wait: setting({
    flags: ['--wait'],
    env: [],
    fallback: false,
    help: 'Return when nothing runs on the node any more',
    group: 'Other',
    kind: bool,
  }),
  json,
} as const

const PATH = '/api/p2p/drain'
const LOOK_EVERY_MS = 500

/** `p2p drain`: before a machine is taken away, its requests go elsewhere. */
export const drainCommand: CommandDefinition<typeof settings> = {
  name: 'drain',
  summary: 'Let a running node finish what it does, and send new requests elsewhere; an entry refuses them',
  settings,
  examples: [
    ['local-ai p2p drain --wait', 'before a restart: returns when nothing runs there any more'],
    ['local-ai p2p drain --undo', 'the node takes requests again'],
  ],
  async run({ settings: { endpoint, apiKey, undo, wait, json } }) {
    const { createNodeClient } = await import('../../../compose/node-client.ts')
    using interrupted = abortOnSignal()
    const { signal } = interrupted
    const client = createNodeClient({ endpoint, apiKey })
    if (undo && wait)
      throw new AppError('config.invalid', '--wait waits for a node that drains: it does not go with --undo')
    let state = toShownDrain(await client.send(undo ? 'DELETE' : 'POST', PATH, { signal }))
    while (wait && state.draining && state.running > 0) {
      await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => signal.throwIfAborted())
      state = toShownDrain(await client.get(PATH, { signal }))
    }
    if (wait && !state.draining) throw new AppError('request.conflict', 'somebody made the node take requests again')
    if (json) printJson(state)
    else process.stdout.write(`${inWords(state)}\n`)
  },
}

function inWords({ draining, running }: ReturnType<typeof toShownDrain>): string {
  if (!draining) return 'the node takes new requests'
  if (running === 0) return 'the node takes nothing new, and nothing runs there'
  return `the node takes nothing new; it still works on ${running === 1 ? 'one request' : `${running} requests`}`
}

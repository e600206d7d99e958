import { toCommand, toGroup } from '../../program.ts'
import { doctorCommand } from './doctor.ts'
import { drainCommand } from './drain.ts'
import { explainCommand } from './explain.ts'
import { peersCommand, statusCommand } from './look.ts'
import { tokenCommand } from './token.ts'
import { viewTokenCommand } from './view-token.ts'

export const p2pCommand = toGroup({
  name: 'p2p',
  summary: 'Look at the network of this node, and find out why it does not join',
  commands: [
    toCommand(statusCommand),
    toCommand(peersCommand),
    toCommand(explainCommand),
    toCommand(drainCommand),
    toCommand(tokenCommand),
    toCommand(viewTokenCommand),
    toCommand(doctorCommand),
  ],
})

import { toCommand, toGroup } from '../../program.ts'
import { doctorCommand } from './doctor.ts'
import { drainCommand } from './drain.ts'
import { explainCommand } from './explain.ts'
import { lendCommand } from './lend.ts'
import { peersCommand, statusCommand } from './look.ts'
import { admitCommand, membersCommand, revokeCommand } from './members.ts'
import { tokenCommand } from './token.ts'
import { viewTokenCommand } from './view-token.ts'
import { workersCommand } from './workers.ts'

export const p2pCommand = toGroup({
  name: 'p2p',
  summary: 'Look at the network of this node, and find out why it does not join',
  commands: [
    toCommand(statusCommand),
    toCommand(peersCommand),
    toCommand(workersCommand),
    toCommand(lendCommand),
    toCommand(explainCommand),
    toCommand(drainCommand),
    toCommand(membersCommand),
    toCommand(revokeCommand),
    toCommand(admitCommand),
    toCommand(tokenCommand),
    toCommand(viewTokenCommand),
    toCommand(doctorCommand),
  ],
})

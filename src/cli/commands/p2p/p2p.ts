import { Command } from 'commander'
import { addCommand } from '../../program.ts'
import { doctorCommand } from './doctor.ts'
import { peersCommand, statusCommand } from './look.ts'
import { tokenCommand } from './token.ts'

export function p2pCommand(): Command {
  const group = new Command('p2p').description('Look at the network of this node, and find out why it does not join')
  addCommand(group, statusCommand)
  addCommand(group, peersCommand)
  addCommand(group, tokenCommand)
  addCommand(group, doctorCommand)
  return group
}

import { programWords } from '../compose/program-words.ts'
import type { Environment } from '../config/setting.ts'
import { paint } from './terminal.ts'

/** Printed once, when a network was founded: what the next machine has to be told. */
export function printInvitation(
  { token, address }: { readonly token: string; readonly address: string | undefined },
  variables: Environment,
): void {
  const program = programWords(variables)
  const reach = address === undefined ? '' : ` --p2p-bootstrap ${address}`
  process.stdout.write(
    [
      paint('bold', 'A new network. Its token (whoever has it is a member: keep it as you keep a password):'),
      '',
      token,
      '',
      paint('bold', 'On another machine:'),
      '',
      `  export TOKEN="${token}"`,
      `  ${program} run --p2p --federated${reach}`,
      '',
      'Or, to lend its memory to models that are too large for one machine:',
      '',
      `  ${program} worker p2p-llama-cpp-rpc${reach}`,
      '',
      `Later: ${program} p2p token shows it again, ${program} p2p peers shows who has joined.`,
      '',
    ].join('\n'),
  )
}

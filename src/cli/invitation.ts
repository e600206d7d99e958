import { paint } from './terminal.ts'

/** Printed once, when a network was founded: what the next machine has to be told. */
export function printInvitation({
  token,
  address,
}: {
  readonly token: string
  readonly address: string | undefined
}): void {
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
      `  local-ai run --p2p --federated${reach}`,
      '',
      'Or, to lend its memory to models that are too large for one machine:',
      '',
      `  local-ai worker p2p-llama-cpp-rpc${reach}`,
      '',
      'Later: local-ai p2p token shows it again, local-ai p2p peers shows who has joined.',
      '',
    ].join('\n'),
  )
}

import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Both ends of a connection inside this process. */
export async function socketPair(): Promise<readonly [Socket, Socket]> {
  const folder = mkdtempSync(join(tmpdir(), 'pair-'))
  const server = createServer().listen(join(folder, 's'))
  await once(server, 'listening')
  const accepted = once(server, 'connection')
  const one = connect(join(folder, 's'))
  const [other] = (await accepted) as [Socket]
  server.close()
  rmSync(folder, { recursive: true })
  for (const socket of [one, other]) socket.on('error', () => {})
  return [one, other]
}

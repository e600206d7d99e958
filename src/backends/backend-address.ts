import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { makeSocketFolder } from '../base/socket-folder.ts'
import { removeStale } from './stale-folders.ts'

/** Where a backend is told to listen, until it is released. */
export interface BackendAddress {
  /** As gRPC writes it: `unix:/path` or `127.0.0.1:port`. */
  readonly address: string
  release(): Promise<void>
}

const FOLDER_PREFIX = 'local-ai-backend-'

/** A socket in a folder that only this user can enter, or a loopback port where there are no such sockets. */
export async function reserveAddress(transport: 'unix' | 'tcp'): Promise<BackendAddress> {
  if (transport === 'unix' && process.platform !== 'win32') {
    const folder = await makeSocketFolder(FOLDER_PREFIX, 'backend.sock')
    if (folder !== undefined) {
      void removeStale(dirname(folder), FOLDER_PREFIX)
      return {
        address: `unix:${join(folder, 'backend.sock')}`,
        release: () => rm(folder, { recursive: true, force: true }),
      }
    }
  }
  // Another program may take the port before the backend does; the backend then fails to start and says so.
  return { address: `127.0.0.1:${await freePort()}`, release: async () => {} }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}

import { lstat, unlink } from 'node:fs/promises'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { AppError } from '../../base/errors.ts'
import type { BackendHandlers } from '../../grpc/generated/backend/Backend.ts'
import { loadBackendService, WIRE_OPTIONS } from '../../grpc/load-proto.ts'
import { unary } from './adapt-call.ts'

/** What a builtin backend is: some of the RPCs, and a way to let go of everything. */
export interface BackendProgram extends AsyncDisposable {
  readonly handlers: Partial<BackendHandlers>
}

export interface ServeInit {
  /** `unix:/path/x.sock`, `/path/x.sock` or `host:port`. */
  readonly address: string
  /** Ends the program: running calls are cancelled. */
  readonly signal: AbortSignal
  /** Called with the bound address as soon as Health answers. */
  readonly onListening: (address: string) => void
}

/**
 * Serves `backend.Backend` until the signal aborts, then lets go of everything. Health says `OK` from the first moment
 * on, whatever the program is doing; RPCs the program does not have answer UNIMPLEMENTED.
 */
export async function serve(program: BackendProgram, init: ServeInit): Promise<void> {
  const server = new Server(WIRE_OPTIONS)
  server.addService(loadBackendService().service, {
    Health: unary(async () => ({ message: Buffer.from('OK') })),
    ...program.handlers,
  })
  try {
    init.onListening(await bind(server, init.address))
    await new Promise<void>((resolve) => {
      if (init.signal.aborted) resolve()
      else init.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  } finally {
    server.forceShutdown()
    await program[Symbol.asyncDispose]()
  }
}

async function bind(server: Server, address: string): Promise<string> {
  const target = address.startsWith('/') ? `unix:${address}` : address
  if (target.startsWith('unix:')) await removeStaleSocket(target.slice('unix:'.length))
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(target, ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound)
      else reject(new AppError('backend.start-failed', `cannot listen on ${address}`, { cause: error }))
    })
  })
  return target.startsWith('unix:') ? target : target.replace(/:\d+$/, `:${port}`)
}

/** grpc-js does not remove the socket file of a process that was killed. Anything that is no socket stays. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined)
  if (found === undefined) return
  if (!found.isSocket()) throw new AppError('backend.start-failed', `${path} exists and is not a socket`)
  await unlink(path)
}

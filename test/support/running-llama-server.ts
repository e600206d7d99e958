import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { poll } from './poll.ts'

export interface RunningLlamaServer extends AsyncDisposable {
  readonly url: string
  readonly child: ChildProcess
  kill(): Promise<void>
}

export interface LlamaServerInit {
  readonly binary: string
  readonly model: string
  readonly alias: string
  readonly key: string
  readonly arguments?: readonly string[]
  /** Default: any free one. */
  readonly port?: number
}

/** The real program with a model, as somebody else would run it. Ready when this resolves. */
export async function startLlamaServer(init: LlamaServerInit): Promise<RunningLlamaServer> {
  const port = init.port ?? (await freePort())
  const child = spawn(
    init.binary,
    [
      ...['--model', init.model, '--alias', init.alias, '--host', '127.0.0.1', '--port', String(port)],
      ...['--no-webui', '--ctx-size', '1024', '--parallel', '2', '--threads', '2', ...(init.arguments ?? [])],
    ],
    { stdio: 'ignore', env: { ...process.env, LLAMA_API_KEY: init.key } },
  )
  const url = `http://127.0.0.1:${port}`
  const server: RunningLlamaServer = {
    url,
    child,
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
    },
    [Symbol.asyncDispose]: async () => await server.kill(),
  }
  try {
    await poll('llama-server answers', 60_000, async () => {
      if (child.exitCode !== null) throw new Error(`llama-server ended with ${child.exitCode}`)
      return await fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      )
    })
  } catch (error) {
    await server.kill()
    throw error
  }
  return server
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}

import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError } from '../../../base/errors.ts'
import { makeSocketFolder } from '../../../base/socket-folder.ts'
import type { Engine, EngineLoadOptions, LoadEngine } from '../engine.ts'
import { createLlamaServerEngine } from './llama-server-engine.ts'
import { createServerApi, type ServerApi } from './server-api.ts'
import { parallelSequences, serverArguments } from './server-arguments.ts'
import { readServerFacts, type ServerFacts } from './server-info.ts'
import { type ServerProcess, startServerProcess } from './server-process.ts'

export interface LlamaServerLoaderInit {
  /** The llama-server program; its libraries lie beside it. */
  readonly binary: string
  /** What the program may see of the environment; nothing when absent. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Where its socket may be, when somebody removes that folder after this process; absent: in a folder of its own. */
  readonly folder?: string | undefined
}

const FIRST_LOOK_MS = 5
const LONGEST_LOOK_MS = 100

/**
 * Opens a model with llama-server, as a child of this process on a unix socket that only this user can reach. The child
 * never outlives this process. When it ends by itself, running and later calls fail with `backend.died`.
 */
export function createLlamaServerLoader(init: LlamaServerLoaderInit): LoadEngine {
  return async (options) => {
    try {
      return await open(init, options)
    } catch (error) {
      if (!isAboutTemplate(error)) throw error
      // llama-server does not start with a chat template that it cannot parse. Ours is another parser, and the one used.
      return await open(init, options, await readChatTemplate(options.modelFile))
    }
  }
}

async function open(init: LlamaServerLoaderInit, options: EngineLoadOptions, chatTemplate?: string): Promise<Engine> {
  options.signal?.throwIfAborted()
  await using opened = new AsyncDisposableStack()
  const socketPath = opened.adopt(await socketIn(init.folder), async (path) => {
    await rm(init.folder === undefined ? dirname(path) : path, { recursive: true, force: true })
  })
  const args = serverArguments(options, socketPath)
  const server = startServerProcess({
    binary: init.binary,
    args: chatTemplate === undefined ? args : [...args, '--chat-template', 'chatml'],
    environment: init.environment ?? {},
    // What it says of itself is for whoever looks closer; what stops it is told with its last lines.
    onOutput: (text) => process.stdout.write(text),
  })
  opened.defer(async () => await server.stop())
  const api = createServerApi(socketPath)
  opened.defer(async () => await api.close())
  const facts = await askWhenReady(api, server, options)
  options.onProgress?.(1)
  const owned = opened.move()
  return createLlamaServerEngine(
    {
      api,
      server,
      facts: chatTemplate === undefined ? facts : { ...facts, info: { ...facts.info, chatTemplate } },
    },
    {
      parallel: parallelSequences(options),
      embeddings: options.embeddings,
      reranking: options.reranking,
      dispose: async () => await owned.disposeAsync(),
    },
  )
}

/** llama-server takes a host for a unix socket when its name ends like this. */
async function socketIn(given: string | undefined): Promise<string> {
  // One that is closing may still be there.
  const name = `${randomBytes(3).toString('hex')}.sock`
  const folder = given ?? (await makeSocketFolder('local-ai-llama-', name))
  if (folder === undefined) throw new AppError('backend.load-failed', 'there is no place for a socket: see TMPDIR')
  return join(folder, name)
}

async function askWhenReady(api: ServerApi, server: ServerProcess, options: EngineLoadOptions): Promise<ServerFacts> {
  const { signal } = options
  const abandon = (): void => server.kill()
  signal?.addEventListener('abort', abandon, { once: true })
  try {
    await untilReady(api, server)
    return await readServerFacts(api, { ...options, embeddings: options.embeddings && !options.reranking })
  } catch (error) {
    signal?.throwIfAborted()
    server.kill()
    const how = await server.exited
    throw new AppError('backend.load-failed', `llama-server ${how}: ${server.lastLines()}`, { cause: error })
  } finally {
    signal?.removeEventListener('abort', abandon)
  }
}

/** llama-server listens before it reads the model, and says that it is not ready. */
async function untilReady(api: ServerApi, server: ServerProcess): Promise<void> {
  for (let pauseMs = FIRST_LOOK_MS; !server.hasExited; pauseMs = Math.min(pauseMs * 2, LONGEST_LOOK_MS)) {
    const isReady = await api.get('/health').then(
      () => true,
      () => false,
    )
    if (isReady) return
    await Promise.race([server.exited, delay(pauseMs)])
  }
  throw server.died()
}

function isAboutTemplate(error: unknown): boolean {
  return error instanceof AppError && error.code === 'backend.load-failed' && error.message.includes('chat template')
}

async function readChatTemplate(modelFile: string): Promise<string> {
  const { readGgufFileInfo } = await import('node-llama-cpp')
  const { metadata } = await readGgufFileInfo(modelFile, {
    readTensorInfo: false,
    sourceType: 'filesystem',
    logWarnings: false,
    ignoreKeys: [
      'tokenizer.ggml.tokens',
      'tokenizer.ggml.merges',
      'tokenizer.ggml.scores',
      'tokenizer.ggml.token_type',
    ],
  })
  return metadata.tokenizer.chat_template ?? ''
}

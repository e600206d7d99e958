import { EventEmitter, once } from 'node:events'
import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
} from 'node:http'
import { AppError } from '../../src/base/errors.ts'
import type { Attempt, RequestRouter, Routed, RoutedRequest } from '../../src/federation/routed-request.ts'

export type RouteScript = (request: RoutedRequest, signal: AbortSignal | undefined) => Promise<Routed>

export interface ScriptedRouter {
  readonly router: RequestRouter
  readonly asked: RoutedRequest[]
  /** `released`: a place was given back. */
  readonly events: EventEmitter
  /** Places given on this node and not given back. */
  places: number
  script: RouteScript
  /** Serve it here. */
  here: RouteScript
}

/** A router that does what the test says. */
export function scriptedRouter(): ScriptedRouter {
  const state: ScriptedRouter = {
    asked: [],
    events: new EventEmitter(),
    places: 0,
    async here() {
      state.places += 1
      let held = true
      const release = (): void => {
        if (held) state.places -= 1
        held = false
        state.events.emit('released')
      }
      return { kind: 'local', place: { release } }
    },
    script: (request, signal) => state.here(request, signal),
    router: {
      async route(request, { signal } = {}) {
        state.asked.push(request)
        return await state.script(request, signal)
      },
    },
  }
  return state
}

const ATTEMPT: Attempt = { peerId: 'peer-b', name: 'b', outcome: 'answered', ms: 1 }

/** Asks over real HTTP, as the real router does. */
export function askOver(options: RequestOptions, attempts: readonly Attempt[] = [ATTEMPT]): RouteScript {
  return async ({ method, target, headers, body, id }, signal) => {
    const sent = httpRequest({
      ...options,
      method,
      path: target,
      headers: {
        'content-type': String(headers['content-type']),
        'x-correlation-id': id,
        ...(body === undefined ? {} : { 'content-length': body.length }),
      },
      ...(signal === undefined ? {} : { signal }),
    })
    sent.end(body)
    const [response] = (await once(sent, 'response')) as [IncomingMessage]
    const { connection: _connection, 'transfer-encoding': _encoding, 'keep-alive': _alive, ...rest } = response.headers
    const passed = Object.entries(rest).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value] as const],
    )
    return {
      kind: 'remote',
      answer: {
        status: response.statusCode ?? 0,
        headers: Object.fromEntries(passed),
        body: piecesOf(response),
        node: { peerId: 'peer-b', name: 'b' },
        attempts,
      },
    }
  }
}

async function* piecesOf(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* response
  } catch (cause) {
    throw new AppError('peer.unreachable', 'the node was lost', { cause })
  }
}

export interface OtherNode extends AsyncDisposable {
  readonly route: RouteScript
  readonly url: string
}

/** Another node, as far as the wire shows it. */
export async function startOtherNode(listener: RequestListener): Promise<OtherNode> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no address')
  const { port } = address
  return {
    url: `http://127.0.0.1:${port}`,
    route: askOver({ host: '127.0.0.1', port, agent: false }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

import type { Duplex } from 'node:stream'
import { getHeapStatistics } from 'node:v8'
import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify'
import { AppError } from '../base/errors.ts'
import { createBudget, type Holding } from './budget.ts'

/** How many bytes of request bodies may be held at the same time. A single body that may be sent always fits. */
export interface BodyBudget {
  readonly totalBytes: number
  /** For one remote address, which for a member is its peer id. Default: no bound of its own. */
  readonly perSourceBytes?: number
}

/** What the program needs beside bodies. */
const OWN_BYTES = 128 * 2 ** 20
/** A body is bytes, then text, then the words of which it is made, and then the request that is made of them. */
const COPIES = 4

/** As many bytes of bodies as are wanted, or as this process can read before its heap is full, which would be its end. */
export function withinHeap(wantedBytes: number, heapBytes: number = getHeapStatistics().heap_size_limit): number {
  return Math.max(0, Math.min(wantedBytes, Math.floor((heapBytes - OWN_BYTES) / COPIES)))
}

/**
 * Bounds the sum of all bodies: before a body is read its bytes are reserved, as many as its head announces or, where
 * that tells nothing, as many as a body may have. They are given back when the answer has ended or the connection is
 * gone. What does not fit is refused with `node.overloaded`, unread.
 */
export function addBodyBudget(
  app: FastifyInstance,
  { totalBytes, perSourceBytes, bodyLimitBytes }: BodyBudget & { readonly bodyLimitBytes: number },
): void {
  const budget = createBudget({
    total: Math.max(totalBytes, bodyLimitBytes),
    perSource: perSourceBytes === undefined ? undefined : Math.max(perSourceBytes, bodyLimitBytes),
  })
  const connections = createConnections()

  app.addHook('preParsing', (...[request, reply, payload, done]: Parameters<preParsingHookHandler>) => {
    const { raw } = request
    const announced = announcedBytes(request)
    const bytes = announced ?? bodyLimitBytes
    // The framework refuses a larger one unread. Of a connection that is gone nothing more comes, not even its end.
    if (bytes === 0 || bytes > bodyLimitBytes || raw.socket.destroyed) {
      done(null, payload)
      return
    }
    const holding = budget.take(raw.socket.remoteAddress ?? '', bytes)
    if (holding === undefined) {
      done(new AppError('node.overloaded', 'this node holds as many request bodies as it may: try again soon'))
      return
    }
    const forget = connections.remember(raw.socket, holding)
    reply.raw.once('close', () => {
      forget()
      holding.release()
    })
    if (announced === undefined) {
      let read = 0
      // Whoever reads the body listens before the first of these comes: `done` leads there without a pause.
      payload.on('data', (piece: Buffer) => {
        read += piece.length
      })
      payload.once('end', () => holding.shrinkTo(read))
    }
    done(null, payload)
  })
}

/** 0 without a body, undefined when its end is told by its chunks. */
function announcedBytes({ headers }: FastifyRequest): number | undefined {
  if (headers['transfer-encoding'] !== undefined) return undefined
  return Number(headers['content-length'] ?? 0)
}

/**
 * What is held for requests of each connection. An answer that waits behind another one has no socket yet, so its own
 * `close` is not relied on when the connection goes.
 */
function createConnections() {
  const open = new WeakMap<Duplex, Set<Holding>>()

  function holdingsOf(socket: Duplex): Set<Holding> {
    const known = open.get(socket)
    if (known !== undefined) return known
    const holdings = new Set<Holding>()
    open.set(socket, holdings)
    socket.once('close', () => {
      for (const holding of holdings) holding.release()
    })
    return holdings
  }

  return {
    remember(socket: Duplex, holding: Holding): () => void {
      const holdings = holdingsOf(socket)
      holdings.add(holding)
      return () => void holdings.delete(holding)
    },
  }
}

import type { FastifyInstance } from 'fastify'
import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { Drain } from './localai/drain.ts'

/**
 * Members that have not heard yet that this node takes nothing new are told so, and ask another one. What concerns things
 * that live here only is answered all the same.
 */
export function refuseWhileDraining(app: FastifyInstance, drain: Pick<Drain, 'draining'> | undefined): void {
  if (drain === undefined) return
  app.addHook('preValidation', async ({ body, method, routeOptions: { config } }) => {
    const { inference } = config
    if (!drain.draining || inference === undefined || method !== 'POST') return
    const { home } = inference
    if (home !== undefined && ('param' in home || (isObject(body) && typeof body[home.field] === 'string'))) return
    throw new AppError('node.stopping', 'the node is draining: it takes nothing new')
  })
}

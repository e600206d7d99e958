import type { FastifyRequest } from 'fastify'
import { AppError } from '../../base/errors.ts'
import type { InferencePaths } from '../inference-route.ts'
import { plainShape } from './management-deps.ts'

const config: InferencePaths['config'] = { inference: { endpoint: 'tokenize', capability: 'tokenize' } }

export const TOKENIZE: InferencePaths = { urls: ['/v1/tokenize', '/tokenize'], config }
export const DETOKENIZE: InferencePaths = { urls: ['/v1/detokenize', '/detokenize'], config }

/** A name may contain slashes. */
export const MCP_SERVERS: InferencePaths = {
  urls: ['/v1/mcp/servers/*'],
  method: 'GET',
  config: {
    inference: { endpoint: 'mcp', capability: 'chat', model: { param: '*' }, notHere: noSuchModel },
    errorShape: plainShape,
  },
}

export function noSuchModel({ params }: Pick<FastifyRequest, 'params'>): AppError {
  const name: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, '*') : undefined
  return new AppError('request.not-found', `model "${String(name ?? '')}" not found`)
}

import type { FastifyRequest } from 'fastify'
import { homeOfId } from '../../federation/home.ts'
import { peekText } from '../../federation/peek-request.ts'
import type { InferenceRoute } from '../inference-route.ts'

/** The node that holds what the request names by an id; undefined when it names nothing, or in a way nobody can read. */
export function homeOfRequest(
  { params }: Pick<FastifyRequest, 'params'>,
  { home }: Pick<InferenceRoute, 'home'>,
  body: Buffer | undefined,
): string | undefined {
  if (home === undefined) return undefined
  if ('param' in home) return homeOfId(textOf(params, home.param))
  if (body === undefined) return undefined
  return homeOfId(peekText(body, home.field) ?? '') ?? homeOfReference(body, home.reference)
}

/** No model has a longer name: such a one is not looked for. */
const MAX_NAME = 512

/** The model that the path names where the route says that it does; undefined when there is none. */
export function modelInPath(
  { params }: Pick<FastifyRequest, 'params'>,
  { model }: Pick<InferenceRoute, 'model'>,
): string | undefined {
  const name = model === undefined ? '' : textOf(params, model.param)
  return name === '' || name.length > MAX_NAME ? undefined : name
}

function textOf(params: unknown, name: string): string {
  const value: unknown = typeof params === 'object' && params !== null ? Reflect.get(params, name) : undefined
  return typeof value === 'string' ? value : ''
}

/** Longest piece between two braces that is looked at: a reference is a type and an id. */
const MAX_REFERENCE = 400

/** The first object of that type whose id names a node. A text that looks like one misleads nobody but who sent it. */
function homeOfReference(body: Buffer, type: string | undefined): string | undefined {
  if (type === undefined) return undefined
  const word = `"${type}"`
  for (let at = body.indexOf(word); at !== -1; at = body.indexOf(word, at + word.length)) {
    const start = body.lastIndexOf('{', at)
    const end = body.indexOf('}', at)
    if (start === -1 || end === -1 || end - start > MAX_REFERENCE) continue
    const id = /"id"\s*:\s*"([^"\\]*)"/.exec(body.toString('latin1', start, end))?.[1]
    const home = id === undefined ? undefined : homeOfId(id)
    if (home !== undefined) return home
  }
  return undefined
}

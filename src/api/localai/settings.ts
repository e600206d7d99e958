import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { type TObject, Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import { type Expects, entityTag, expectedBy } from '../entity-tags.ts'
import { failureShape } from './management-deps.ts'

/** The settings that can be changed over the network; src/compose brings them. */
export interface NodeSettingsAccess {
  /** What `show` gives and `change` takes: LocalAI's keys. */
  readonly schema: TObject
  /** All of them, secrets masked. */
  show(): Readonly<Record<string, unknown>>
  /** What the entity tag is made of. */
  content(): string
  /** Throws `config.invalid` with the key in `details.param`, and `request.outdated`; nothing has changed then. */
  change(
    patch: Readonly<Record<string, unknown>>,
    options: { readonly expects?: Expects | undefined },
  ): Promise<{
    readonly requiresRestart: readonly string[]
    readonly overridden: readonly string[]
    readonly unknown: readonly string[]
  }>
}

const Keys = Type.Array(Type.String())

const Changed = Type.Object({
  success: Type.Boolean(),
  message: Type.String(),
  /** Keys whose new value holds from the next start on. */
  requires_restart: Keys,
  /** Keys that were stored and that a flag or a variable of the node overrides. */
  overridden: Keys,
  /** Keys that were stored and that this node does not know. */
  unknown: Keys,
})

const LARGEST_BYTES = 1024 * 1024

/**
 * `GET` and `POST /api/settings`. What a request does not name stays as it is; null takes a key back. With the `ETag` that
 * was read as `If-Match`, a change that somebody else has made meanwhile is not overwritten: 412.
 */
export const settingsRoutes: FastifyPluginAsyncTypebox<{ readonly settings: NodeSettingsAccess }> = async (
  app,
  { settings },
) => {
  const { schema } = settings
  const config = { access: 'admin', errorShape: failureShape } as const

  app.get(
    '/api/settings',
    { config, schema: { tags: ['settings'], summary: 'The settings of this node', response: { 200: schema } } },
    async (_request, reply) => {
      reply.header('Cache-Control', 'no-store').header('ETag', entityTag(settings.content()))
      return settings.show()
    },
  )

  app.post(
    '/api/settings',
    {
      config,
      bodyLimit: LARGEST_BYTES,
      // The schema is for the description; whoever keeps the settings says what is wrong with one, in LocalAI's words.
      attachValidation: true,
      schema: {
        tags: ['settings'],
        summary: 'Changes settings of this node',
        body: schema,
        response: { 200: Changed },
      },
    },
    async (request) => {
      const options = { expects: expectedBy(request) }
      const { requiresRestart, overridden, unknown } = await settings
        .change(patchOf(request.body), options)
        .catch(refuse)
      return {
        success: true,
        message: 'Settings updated successfully',
        requires_restart: [...requiresRestart],
        overridden: [...overridden],
        unknown: [...unknown],
      }
    },
  )
}

function patchOf(body: unknown): Readonly<Record<string, unknown>> {
  if (isObject(body)) return body
  throw new AppError('request.invalid', 'send an object of settings')
}

/** What is wrong with the request is the caller's fault, and what is wrong with the disk is not. */
function refuse(thrown: unknown): never {
  const error = AppError.from(thrown, 'internal')
  if (error.code !== 'config.invalid' || error.details['param'] === undefined) throw error
  throw new AppError('request.invalid', error.message, { details: error.details, cause: error })
}

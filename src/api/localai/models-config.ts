import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { parseSent } from '../../models/sent-config.ts'
import { clientGone } from '../client-gone.ts'
import { expectedBy } from '../entity-tags.ts'
import { failureShape, type ManagementDeps, versioned } from './management-deps.ts'

const Written = Type.Object({ success: Type.Boolean(), message: Type.String(), filename: Type.String() })
const Edited = Type.Object({ ...Written.properties, config: Type.Record(Type.String(), Type.Unknown()) })
const Reloaded = Type.Object({ success: Type.Boolean(), message: Type.String() })
const NameParams = Type.Object({ '*': Type.String({ minLength: 1, maxLength: 512 }) })
/** A second of parsing at worst; a model's YAML has a few kilobytes. */
const MAX_BODY_BYTES = 64 * 1024
const tags = ['models']
const config = { access: 'admin', errorShape: failureShape } as const

/** Configurations that are sent whole, as YAML or JSON; which it is, the text itself says. */
export const modelsConfig: FastifyPluginAsyncTypebox<Pick<ManagementDeps, 'editor' | 'registry'>> = async (
  app,
  { editor, registry },
) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    '*',
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    async (_request: unknown, body: Buffer) => textOf(body),
  )

  for (const url of versioned('/models/import')) {
    const schema = { tags, summary: 'Add a model by its configuration', response: { 200: Written } }
    app.post(url, { schema, config, bodyLimit: MAX_BODY_BYTES }, async (request) => {
      const { name, filename } = await editor.add(parseSent(sentText(request.body)))
      return { success: true, message: `Model configuration "${name}" imported`, filename }
    })
  }

  for (const url of [...versioned('/models/edit/*'), '/api/models/edit/*']) {
    const schema = {
      tags,
      summary: 'Replace the configuration of a model',
      params: NameParams,
      response: { 200: Edited },
    }
    app.post(url, { schema, config, bodyLimit: MAX_BODY_BYTES }, async (request, reply) => {
      const asked = request.params['*']
      const sent = parseSent(sentText(request.body))
      const options = { signal: clientGone(reply), expects: expectedBy(request) }
      const { name, filename } = await editor.replace(registry.find(asked)?.name ?? asked, sent, options)
      return { success: true, message: `Model "${name}" changed`, filename, config: { ...sent.config } }
    })
  }

  for (const url of versioned('/models/reload')) {
    const schema = { tags, summary: 'Read the models folder again', response: { 200: Reloaded } }
    app.post(url, { schema, config }, async () => {
      await editor.reload()
      return { success: true, message: 'Model configurations reloaded' }
    })
  }
}

function sentText(body: unknown): string {
  return typeof body === 'string' ? body : ''
}

function textOf(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch (error) {
    throw new AppError('request.invalid', 'the request body is not UTF-8', { cause: error })
  }
}

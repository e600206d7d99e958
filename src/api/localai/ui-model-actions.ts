import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { clientGone } from '../client-gone.ts'
import { entityTag } from '../entity-tags.ts'
import { type ManagementDeps, plainShape } from './management-deps.ts'
import { toUiJob, UiJob } from './ui-job.ts'

const Submitted = Type.Object({ jobID: Type.String(), message: Type.String() })
const Told = Type.Object({ message: Type.String() })
const Config = Type.Record(Type.String(), Type.Unknown())
const Editable = Type.Object({ config: Type.String(), name: Type.String() })
const AnyId = Type.Object({ '*': Type.String({ minLength: 1, maxLength: 512 }) })
const JobParams = Type.Object({ uid: Type.String({ minLength: 1, maxLength: 64 }) })
const tags = ['models']
const config = { access: 'admin', errorShape: plainShape } as const

type Deps = Pick<ManagementDeps, 'management' | 'jobs' | 'catalog' | 'editor' | 'registry'>

/** What the web interface does with one model. Ids may have slashes. */
export const uiModelActions: FastifyPluginAsyncTypebox<Deps> = async (app, deps) => {
  const { management, jobs, catalog, editor, registry } = deps
  const configured = (asked: string): string => registry.find(asked)?.name ?? asked

  app.post(
    '/api/models/install/*',
    { schema: { tags, summary: 'Install a model', params: AnyId, response: { 200: Submitted } }, config },
    async (request) => {
      const job = management.installModel({ reference: request.params['*'] })
      return { jobID: job.id, message: 'Installation started' }
    },
  )

  app.post(
    '/api/models/delete/*',
    { schema: { tags, summary: 'Remove a model', params: AnyId, response: { 200: Submitted } }, config },
    async (request) => {
      const asked = request.params['*']
      const job = await management.removeModel(configured(asked.slice(asked.indexOf('@') + 1)))
      return { jobID: job.id, message: 'Deletion started' }
    },
  )

  app.post(
    '/api/models/config/*',
    { schema: { tags, summary: 'Take over the configuration only', params: AnyId, response: { 200: Told } }, config },
    async (request, reply) => {
      const entry = await catalog.find(request.params['*'], { signal: clientGone(reply) })
      if (entry === undefined) throw new AppError('request.not-found', 'model not found in the galleries')
      const job = management.installModel({ reference: entry.id, configOnly: true })
      return { message: `Configuration of ${entry.name} is written by job ${job.id}` }
    },
  )

  app.get(
    '/api/models/config-json/*',
    { schema: { tags, summary: 'A configuration as JSON', params: AnyId, response: { 200: Config } }, config },
    async (request) => {
      const found = await editor.read(configured(request.params['*']))
      if (found === undefined) throw notConfigured()
      return { ...found }
    },
  )

  for (const url of ['/api/models/edit/*', '/models/edit/*']) {
    app.get(
      url,
      { schema: { tags, summary: 'A configuration as YAML', params: AnyId, response: { 200: Editable } }, config },
      async (request, reply) => {
        const name = configured(request.params['*'])
        const text = await editor.text(name)
        if (text === undefined) throw notConfigured()
        reply.header('ETag', entityTag(text))
        return { config: text, name }
      },
    )
  }

  app.get(
    '/api/models/job/:uid',
    { schema: { tags, summary: 'How far a job is', params: JobParams, response: { 200: UiJob } }, config },
    async (request) => toUiJob(jobs.find(request.params.uid)),
  )
}

function notConfigured(): AppError {
  return new AppError('request.not-found', 'model configuration not found')
}

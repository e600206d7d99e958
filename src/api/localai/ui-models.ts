import { freemem, totalmem } from 'node:os'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { AvailableModel } from '../../gallery/install-model.ts'
import type { Job } from '../../gallery/jobs/job.ts'
import { clientGone } from '../client-gone.ts'
import { bareName, openJobs } from './job-status.ts'
import { type ManagementDeps, plainShape } from './management-deps.ts'
import { PageNumbers, PageQuery, toPage } from './ui-page.ts'

const Model = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  icon: Type.String(),
  license: Type.String(),
  urls: Type.Array(Type.String()),
  tags: Type.Array(Type.String()),
  gallery: Type.String(),
  installed: Type.Boolean(),
  processing: Type.Boolean(),
  jobID: Type.String(),
  isDeletion: Type.Boolean(),
  trustRemoteCode: Type.Boolean(),
  additionalFiles: Type.Array(Type.Object({ filename: Type.String(), sha256: Type.String() })),
})

const Models = Type.Object({
  models: Type.Array(Model),
  repositories: Type.Array(Type.Object({ name: Type.String() })),
  allTags: Type.Array(Type.String()),
  processingModels: Type.Record(Type.String(), Type.String()),
  taskTypes: Type.Record(Type.String(), Type.String()),
  availableModels: Type.Integer(),
  installedModels: Type.Integer(),
  ramTotal: Type.Number(),
  ramUsed: Type.Number(),
  ramUsagePercent: Type.Number(),
  ...PageNumbers,
})

const tags = ['models']

/** The web interface's list of models: searched, sorted, and a page at a time. */
export const uiModels: FastifyPluginAsyncTypebox<
  Pick<ManagementDeps, 'models' | 'catalog' | 'jobs' | 'registry'>
> = async (app, { models, catalog, jobs, registry }) => {
  const schema = { tags, summary: 'Search the galleries', querystring: PageQuery, response: { 200: Models } }
  app.get('/api/models', { schema, config: { errorShape: plainShape } }, async (request, reply) => {
    const all = await models.list({ signal: clientGone(reply) })
    const open = openJobs(jobs.list(), 'model')
    const { rows, numbers } = toPage(all.map(toRow), request.query)
    const processing = [...open.values()]
    return {
      models: rows.map(({ entry }) => toModel(entry, open.get(entry.id) ?? open.get(entry.name))),
      repositories: catalog.galleries().map(({ name }) => ({ name })),
      allTags: [...new Set(all.flatMap((entry) => entry.tags))].toSorted(),
      processingModels: Object.fromEntries(processing.map(({ subject, id }) => [subject, id])),
      taskTypes: Object.fromEntries(
        processing.map(({ subject, action }) => [subject, action === 'delete' ? 'Deletion' : 'Installation']),
      ),
      availableModels: all.length,
      installedModels: registry.list().length,
      ...memory(),
      ...numbers,
    }
  })
}

function memory() {
  const ramTotal = totalmem()
  const ramUsed = ramTotal - freemem()
  return { ramTotal, ramUsed, ramUsagePercent: Math.round((1000 * ramUsed) / ramTotal) / 10 }
}

function toRow(entry: AvailableModel) {
  const { name, description = '', tags: ownTags, gallery, license = '', installed } = entry
  return { name, description, tags: ownTags, gallery: gallery.name, license, installed, entry }
}

function toModel(entry: AvailableModel, job: Job | undefined): Type.Static<typeof Model> {
  const { overrides, config } = entry
  return {
    id: entry.id,
    name: bareName(entry.id),
    description: entry.description ?? '',
    icon: entry.icon ?? '',
    license: entry.license ?? '',
    urls: [...entry.urls],
    tags: [...entry.tags],
    gallery: entry.gallery.name,
    installed: entry.installed,
    processing: job !== undefined,
    jobID: job?.id ?? '',
    isDeletion: job?.action === 'delete',
    trustRemoteCode: [overrides, config].some((part) => part['trust_remote_code'] === true),
    additionalFiles: entry.files.map(({ filename, sha256 = '' }) => ({ filename, sha256 })),
  }
}

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { ListedBackend } from '../../gallery/backend/list-backends.ts'
import type { Job } from '../../gallery/jobs/job.ts'
import { clientGone } from '../client-gone.ts'
import { openJobs } from './job-status.ts'
import { type ManagementDeps, plainShape } from './management-deps.ts'
import { toUiJob, UiJob } from './ui-job.ts'
import { PageNumbers, PageQuery, toPage } from './ui-page.ts'

const Backend = Type.Object({
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
  isMeta: Type.Boolean(),
  isSystem: Type.Boolean(),
})

const Backends = Type.Object({
  backends: Type.Array(Backend),
  repositories: Type.Array(Type.Object({ name: Type.String() })),
  allTags: Type.Array(Type.String()),
  processingBackends: Type.Record(Type.String(), Type.String()),
  taskTypes: Type.Record(Type.String(), Type.String()),
  availableBackends: Type.Integer(),
  installedBackends: Type.Integer(),
  systemCapability: Type.String(),
  ...PageNumbers,
})

const ExternalRequest = Type.Object({
  uri: Type.String({ minLength: 1, maxLength: 4096 }),
  name: Type.Optional(Type.String({ maxLength: 100 })),
  alias: Type.Optional(Type.String({ maxLength: 100 })),
})
const Submitted = Type.Object({ jobID: Type.String(), message: Type.String() })
const AnyId = Type.Object({ '*': Type.String({ minLength: 1, maxLength: 512 }) })
const JobParams = Type.Object({ uid: Type.String({ minLength: 1, maxLength: 64 }) })
const tags = ['backends']
const config = { access: 'admin', errorShape: plainShape } as const

type Deps = Pick<ManagementDeps, 'management' | 'jobs' | 'backends' | 'backendCatalog'> & {
  /** The best word for what this machine computes on. */
  readonly capability: () => Promise<string>
}

/** What the web interface shows of backends and does with them. */
export const uiBackends: FastifyPluginAsyncTypebox<Deps> = async (app, deps) => {
  const { management, jobs, backends, backendCatalog, capability } = deps
  const list = { tags, summary: 'Search the backends', querystring: PageQuery, response: { 200: Backends } }
  app.get('/api/backends', { schema: list, config: { errorShape: plainShape } }, async (request, reply) => {
    const all = await backends.list({ signal: clientGone(reply) })
    const open = openJobs(jobs.list(), 'backend')
    const { rows, numbers } = toPage(all.map(toRow), request.query)
    const processing = [...open.values()]
    return {
      backends: rows.map(({ backend }) => toBackend(backend, open.get(backend.id) ?? open.get(backend.name))),
      repositories: backendCatalog.galleries().map(({ name }) => ({ name })),
      allTags: [...new Set(all.flatMap(({ entry }) => entry?.tags ?? []))].toSorted(),
      processingBackends: Object.fromEntries(processing.map(({ subject, id }) => [subject, id])),
      taskTypes: Object.fromEntries(
        processing.map(({ subject, action }) => [subject, action === 'delete' ? 'Deletion' : 'Installation']),
      ),
      availableBackends: all.length,
      installedBackends: all.filter(({ installed }) => installed).length,
      systemCapability: await capability(),
      ...numbers,
    }
  })

  const install = { tags, summary: 'Install a backend', params: AnyId, response: { 200: Submitted } }
  app.post('/api/backends/install/*', { schema: install, config }, async (request) => {
    const job = management.installBackend({ reference: request.params['*'] })
    return { jobID: job.id, message: 'Backend installation started' }
  })

  const external = {
    tags,
    summary: 'Install a backend from an address',
    body: ExternalRequest,
    response: { 200: Submitted },
  }
  app.post('/api/backends/install-external', { schema: external, config }, async (request) => {
    const { uri, name = '', alias = '' } = request.body
    const names = { ...(name === '' ? {} : { name }), ...(alias === '' ? {} : { alias }) }
    const job = management.installBackend({ reference: uri, ...names })
    return { jobID: job.id, message: 'Backend installation started' }
  })

  for (const url of ['/api/backends/delete/*', '/api/backends/system/delete/*']) {
    const schema = { tags, summary: 'Remove a backend', params: AnyId, response: { 200: Submitted } }
    app.post(url, { schema, config }, async (request) => {
      const job = await management.removeBackend(request.params['*'])
      return { jobID: job.id, message: 'Backend deletion started' }
    })
  }

  const job = { tags, summary: 'How far a job is', params: JobParams, response: { 200: UiJob } }
  app.get('/api/backends/job/:uid', { schema: job, config }, async (request) => toUiJob(jobs.find(request.params.uid)))
}

function toRow(backend: ListedBackend) {
  const { name, description, installed, entry } = backend
  const { tags: ownTags = [], gallery, license = '' } = entry ?? {}
  return { name, description, tags: ownTags, gallery: gallery?.name ?? '', license, installed, backend }
}

function toBackend(backend: ListedBackend, job: Job | undefined): Type.Static<typeof Backend> {
  const { id, name, description, installed, builtIn, entry, folder } = backend
  return {
    id,
    name,
    description,
    icon: entry?.icon ?? '',
    license: entry?.license ?? '',
    urls: [...(entry?.urls ?? [])],
    tags: [...(entry?.tags ?? [])],
    gallery: entry?.gallery.name ?? '',
    installed,
    processing: job !== undefined,
    jobID: job?.id ?? '',
    isDeletion: job?.action === 'delete',
    isMeta: folder?.meta_backend_for !== undefined || Object.keys(entry?.capabilities ?? {}).length > 0,
    isSystem: builtIn,
  }
}

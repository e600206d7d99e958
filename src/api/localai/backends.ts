import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { clientGone } from '../client-gone.ts'
import { baseUrlOf } from '../media/base-url.ts'
import { GalleryBackend, InstalledBackend, toGalleryBackend, toInstalledBackend } from './gallery-backend.ts'
import { GallerySource, toGallerySource } from './gallery-model.ts'
import { JobStatus, toJobStatus } from './job-status.ts'
import { type ManagementDeps, versioned } from './management-deps.ts'

const ApplyRequest = Type.Object({ id: Type.String({ minLength: 1, maxLength: 4096 }) })
const Submitted = Type.Object({ id: Type.String(), status_url: Type.String() })
const NameParams = Type.Object({ name: Type.String({ minLength: 1, maxLength: 200 }) })
const JobParams = Type.Object({ uuid: Type.String({ minLength: 1, maxLength: 64 }) })
const tags = ['backends']
const config = { access: 'admin' } as const

/** The programs that run models: LocalAI's `/backends`, whose answers have other field names than those of models. */
export const backendsRoutes: FastifyPluginAsyncTypebox<
  Pick<ManagementDeps, 'management' | 'jobs' | 'backends' | 'backendCatalog'>
> = async (app, { management, jobs, backends, backendCatalog }) => {
  for (const url of versioned('/backends')) {
    const schema = { tags, summary: 'Installed backends', response: { 200: Type.Array(InstalledBackend) } }
    app.get(url, { schema }, async (_request, reply) => {
      const all = await backends.list({ signal: clientGone(reply) })
      return all.filter(({ installed }) => installed).map(toInstalledBackend)
    })
  }

  for (const url of versioned('/backends/available')) {
    const schema = { tags, summary: 'Backends that can be installed', response: { 200: Type.Array(GalleryBackend) } }
    app.get(url, { schema }, async (_request, reply) =>
      (await backends.list({ signal: clientGone(reply) })).map(toGalleryBackend),
    )
  }

  for (const url of versioned('/backends/galleries')) {
    const schema = { tags, summary: 'The galleries of backends', response: { 200: Type.Array(GallerySource) } }
    app.get(url, { schema }, async () => backendCatalog.galleries().map(toGallerySource))
  }

  for (const url of versioned('/backends/apply')) {
    const schema = { tags, summary: 'Install a backend', body: ApplyRequest, response: { 200: Submitted } }
    app.post(url, { schema, config }, async (request) => {
      const job = management.installBackend({ reference: request.body.id })
      return { id: job.id, status_url: `${baseUrlOf(request)}backends/jobs/${job.id}` }
    })
  }

  for (const url of versioned('/backends/delete/:name')) {
    const schema = { tags, summary: 'Remove a backend', params: NameParams, response: { 200: Submitted } }
    app.post(url, { schema, config }, async (request) => {
      const job = await management.removeBackend(request.params.name)
      return { id: job.id, status_url: `${baseUrlOf(request)}backends/jobs/${job.id}` }
    })
  }

  for (const url of versioned('/backends/jobs')) {
    const schema = { tags, summary: 'All installations', response: { 200: Type.Record(Type.String(), JobStatus) } }
    app.get(url, { schema, config }, async () =>
      Object.fromEntries(
        jobs
          .list()
          .filter(({ kind }) => kind === 'backend')
          .map((job) => [job.id, toJobStatus(job)]),
      ),
    )
  }

  for (const url of versioned('/backends/jobs/:uuid')) {
    const schema = { tags, summary: 'One installation', params: JobParams, response: { 200: JobStatus } }
    app.get(url, { schema, config }, async (request) => {
      const job = jobs.find(request.params.uuid)
      if (job === undefined) throw new AppError('request.not-found', 'could not find any status for ID')
      return toJobStatus(job)
    })
  }
}

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { baseUrlOf } from '../media/base-url.ts'
import { JobStatus, toJobStatus } from './job-status.ts'
import { type ManagementDeps, versioned } from './management-deps.ts'

const Text = Type.String({ minLength: 1, maxLength: 4096 })
const Blob = Type.Record(Type.String({ maxLength: 200 }), Type.Unknown(), { maxProperties: 500 })

/** LocalAI's `models/apply`; a field that is empty counts as absent. */
const ApplyRequest = Type.Object({
  id: Type.Optional(Type.String({ maxLength: 4096 })),
  url: Type.Optional(Type.String({ maxLength: 4096 })),
  config_file: Type.Optional(Type.Union([Blob, Type.Null()])),
  name: Type.Optional(Type.String({ maxLength: 200 })),
  overrides: Type.Optional(Type.Union([Blob, Type.Null()])),
  files: Type.Optional(
    Type.Union([
      Type.Array(Type.Object({ filename: Text, uri: Text, sha256: Type.Optional(Type.String({ maxLength: 64 })) }), {
        maxItems: 256,
      }),
      Type.Null(),
    ]),
  ),
  description: Type.Optional(Type.String({ maxLength: 8192 })),
  license: Type.Optional(Type.String({ maxLength: 512 })),
  urls: Type.Optional(Type.Array(Type.String({ maxLength: 4096 }), { maxItems: 64 })),
})
type ApplyRequest = Type.Static<typeof ApplyRequest>

const ImportUriRequest = Type.Object({
  uri: Text,
  preferences: Type.Optional(Type.Union([Blob, Type.Null()])),
})

const Submitted = Type.Object({ uuid: Type.String(), status: Type.String() })
const NameParams = Type.Object({ '*': Type.String({ minLength: 1, maxLength: 512 }) })
const JobParams = Type.Object({ uuid: Type.String({ minLength: 1, maxLength: 64 }) })
const tags = ['models']
const config = { access: 'admin' } as const

/** Installing and removing models: LocalAI's `/models/apply` and what belongs to it. */
export const modelsJobs: FastifyPluginAsyncTypebox<ManagementDeps> = async (app, { management, jobs, registry }) => {
  const withResponse = { tags, response: { 200: Submitted } }

  for (const url of versioned('/models/apply')) {
    const schema = { ...withResponse, summary: 'Install a model', body: ApplyRequest }
    app.post(url, { schema, config }, async (request) => {
      const job = management.installModel(toModelRequest(request.body))
      return { uuid: job.id, status: `${baseUrlOf(request)}models/jobs/${job.id}` }
    })
  }

  for (const url of versioned('/models/import-uri')) {
    const schema = { ...withResponse, summary: 'Install a model from an address', body: ImportUriRequest }
    app.post(url, { schema, config }, async (request) => {
      const { uri, preferences } = request.body
      const job = management.installModel({ reference: uri, ...toImport(preferences ?? {}) })
      return { uuid: job.id, status: `${baseUrlOf(request)}models/jobs/${job.id}` }
    })
  }

  // A name of a gallery may have a slash.
  for (const url of versioned('/models/delete/*')) {
    const schema = { ...withResponse, summary: 'Remove a model', params: NameParams }
    app.post(url, { schema, config }, async (request) => {
      const asked = request.params['*']
      const job = await management.removeModel(registry.find(asked)?.name ?? asked)
      return { uuid: job.id, status: `${baseUrlOf(request)}models/jobs/${job.id}` }
    })
  }

  for (const url of versioned('/models/jobs')) {
    const schema = { tags, summary: 'All installations', response: { 200: Type.Record(Type.String(), JobStatus) } }
    app.get(url, { schema, config }, async () =>
      Object.fromEntries(
        jobs
          .list()
          .filter(({ kind }) => kind === 'model')
          .map((job) => [job.id, toJobStatus(job)]),
      ),
    )
  }

  for (const url of versioned('/models/jobs/:uuid')) {
    const schema = { tags, summary: 'One installation', params: JobParams, response: { 200: JobStatus } }
    app.get(url, { schema, config }, async (request) => {
      const job = jobs.find(request.params.uuid)
      if (job === undefined) throw new AppError('request.not-found', 'could not find any status for ID')
      return toJobStatus(job)
    })
  }
}

function toModelRequest({ id, url, config_file: given, ...rest }: ApplyRequest) {
  const { name, overrides, files, description, license } = rest
  const more = {
    ...(description === undefined || description === '' ? {} : { description }),
    ...(license === undefined || license === '' ? {} : { license }),
  }
  const options = {
    ...(name === undefined || name === '' ? {} : { name }),
    ...(files === undefined || files === null ? {} : { files }),
  }
  const changes = overrides === undefined || overrides === null ? {} : { overrides }
  if (given !== undefined && given !== null && Object.keys(given).length > 0) {
    return { ...options, ...changes, reference: { config: { ...more, ...given } } }
  }
  const reference = [id, url].find((text) => text !== undefined && text.trim() !== '')
  if (reference !== undefined) return { ...options, ...changes, reference, expectsConfig: reference !== id }
  throw new AppError('request.invalid', 'one of id, url and config_file is required', { details: { param: 'id' } })
}

/** What may be said of an import; LocalAI takes lists as texts with commas. */
function toImport(preferences: Readonly<Record<string, unknown>>) {
  const { name, description, backend, embeddings } = preferences
  const quantizations = words(preferences['quantizations'])
  const projectorQuantizations = words(preferences['mmproj_quantizations'])
  const overrides = {
    ...(typeof description === 'string' && description !== '' ? { description } : {}),
    ...(typeof backend === 'string' && backend !== '' ? { backend } : {}),
    ...(embeddings === true || embeddings === 'true' ? { embeddings: true } : {}),
  }
  return {
    ...(typeof name === 'string' && name !== '' ? { name } : {}),
    ...(Object.keys(overrides).length === 0 ? {} : { overrides }),
    preferences: {
      ...(quantizations.length === 0 ? {} : { quantizations }),
      ...(projectorQuantizations.length === 0 ? {} : { projectorQuantizations }),
    },
  }
}

function words(value: unknown): readonly string[] {
  const text = Array.isArray(value) ? value.filter((word) => typeof word === 'string').join(',') : value
  if (typeof text !== 'string') return []
  const all = text.split(',').map((word) => word.trim())
  return all.filter((word) => word !== '').slice(0, 20)
}

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { Operation, toOperation } from './job-status.ts'
import { type ManagementDeps, plainShape } from './management-deps.ts'

const Operations = Type.Object({ operations: Type.Array(Operation) })
const Done = Type.Object({ success: Type.Boolean(), message: Type.String() })
const JobParams = Type.Object({ jobID: Type.String({ minLength: 1, maxLength: 64 }) })
const tags = ['operations']
const config = { access: 'admin', errorShape: plainShape } as const

/** Jobs that run or wait, and those that failed until they are dismissed. */
export const operations: FastifyPluginAsyncTypebox<Pick<ManagementDeps, 'jobs'>> = async (app, { jobs }) => {
  app.get(
    '/api/operations',
    { schema: { tags, summary: 'Installations and removals', response: { 200: Operations } }, config },
    async () => {
      const shown = jobs.list().filter(({ state }) => state !== 'done' && state !== 'cancelled')
      return { operations: shown.map(toOperation) }
    },
  )

  app.post(
    '/api/operations/:jobID/cancel',
    { schema: { tags, summary: 'Cancel one', params: JobParams, response: { 200: Done } }, config },
    async (request) => {
      if (!jobs.cancel(request.params.jobID)) throw new AppError('request.invalid', 'no such operation is running')
      return { success: true, message: 'Operation cancelled' }
    },
  )

  app.post(
    '/api/operations/:jobID/dismiss',
    { schema: { tags, summary: 'Forget one that is over', params: JobParams, response: { 200: Done } }, config },
    async (request) => {
      if (!jobs.dismiss(request.params.jobID)) throw new AppError('request.invalid', 'no such operation is over')
      return { success: true, message: 'Operation dismissed' }
    },
  )
}

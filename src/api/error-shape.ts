import type { ErrorAnswer } from './error-response.ts'

/** How a dialect writes an error that is the whole answer; status and headers are the same in every dialect. Pure. */
export type ErrorShape = (answer: ErrorAnswer) => object

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Absent: OpenAI's shape. */
    errorShape?: ErrorShape
  }
}

import type { Continuity } from '../../inference/continuity.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set on the members' face when the one who asks keeps the tokens of the answer; see ARCHITECTURE.md. */
    readonly continuity: Continuity | undefined
  }
}

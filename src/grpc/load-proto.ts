import { fileURLToPath } from 'node:url'
import { loadPackageDefinition, type ServiceClientConstructor, type ServiceDefinition } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import type { ProtoGrpcType } from './generated/backend.ts'

const PROTO = fileURLToPath(new URL('../../proto/backend.proto', import.meta.url))

/** Both directions of one message, in bytes: LocalAI's own limit. */
export const MAX_MESSAGE_BYTES = 50 * 1024 * 1024

/** Channel and server options that both ends of the backend wire share. */
export const WIRE_OPTIONS = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_send_message_length': MAX_MESSAGE_BYTES,
} as const

/**
 * Loads proto/backend.proto. The options must match those of `npm run generate`, or the generated types lie:
 * original field names, 64-bit integers as numbers, enums as strings, absent fields as their proto3 defaults.
 */
export function loadBackendService(): ProtoGrpcType['backend']['Backend'] & {
  readonly service: ServiceDefinition
} & ServiceClientConstructor {
  const definition = loadSync(PROTO, {
    keepCase: true,
    longs: Number,
    enums: String,
    defaults: true,
    arrays: true,
    objects: true,
    oneofs: true,
  })
  const loaded = loadPackageDefinition(definition) as unknown as ProtoGrpcType
  return loaded.backend.Backend as ReturnType<typeof loadBackendService>
}

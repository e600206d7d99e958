import { join } from 'node:path'
import type { dataSettings } from '../config/network-settings.ts'
import type { responsesSettings } from '../config/responses-settings.ts'
import type { Values } from '../config/setting.ts'
import { homeOf, NO_HOME } from '../federation/home.ts'
import { createResponses, RESPONSES_DEFAULTS, type Responses } from '../responses/create-responses.ts'
import type { ResponsesEvents } from '../responses/response-copy.ts'
import type { Logger } from '../telemetry/logger.ts'
import { makeFolder } from './make-folder.ts'

export interface ComposeResponsesDeps {
  readonly log: Logger
  /** This node's place in the network, when it is in one; asked for when the node has started. */
  readonly peerId: () => string | undefined
  readonly events: ResponsesEvents
}

export function composeResponses(
  { log, peerId, events }: ComposeResponsesDeps,
  settings: Values<typeof responsesSettings & typeof dataSettings>,
): Responses {
  const { dataPath } = settings
  return createResponses(
    { log, makeParent: async () => await makeFolder(dataPath, '--data-path'), events },
    {
      ...RESPONSES_DEFAULTS,
      folder: join(dataPath, 'responses'),
      // It may change while the node runs.
      get ttlMs() {
        return settings.openResponsesStoreTtlMs
      },
      home() {
        const id = peerId()
        return id === undefined ? NO_HOME : homeOf(id)
      },
    },
  )
}

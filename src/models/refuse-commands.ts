import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'

/**
 * Programs that a model's tools start (`mcp.stdio`) come from files that the operator has written, never from a request
 * or a download. What `before` has already may stay. Throws `model.config-invalid`.
 */
export function refuseCommands(
  config: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>> = {},
): void {
  const wanted = commandsOf(config)
  if (wanted === undefined || JSON.stringify(wanted) === JSON.stringify(commandsOf(before))) return
  throw new AppError(
    'model.config-invalid',
    'Invalid configuration: "mcp.stdio" starts programs and can only be written into the file on the node itself',
  )
}

function commandsOf({ mcp }: Readonly<Record<string, unknown>>): unknown {
  const stdio = isObject(mcp) ? mcp['stdio'] : undefined
  return stdio === null || stdio === '' ? undefined : stdio
}

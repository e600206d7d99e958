import type { ToolConfig } from '../../models/prompt-config.ts'
import type { ToolDefinition } from '../request.ts'

/** How calls are written as JSON, and which names count. */
export interface CallKeys {
  readonly nameKey: string
  readonly argumentsKey: string
  readonly isTool: (name: string) => boolean
}

export interface FoundCall {
  readonly name: string
  /** JSON text. */
  readonly arguments: string
}

/** The function that stands for "answer in text", as a tool for the model to choose. */
export function noActionTool({ name, description }: NonNullable<ToolConfig['noAction']>): ToolDefinition {
  return {
    name,
    description,
    parameters: {
      type: 'object',
      properties: { message: { type: 'string', description: 'The message to reply the user with' } },
    },
  }
}

import type { JsonObject } from '../base/json.ts'

/** Where a server of tools is, or what to start to have it. Tokens and the environment are secrets. */
export type ToolServer =
  | { readonly kind: 'remote'; readonly name: string; readonly url: string; readonly token?: string }
  | {
      readonly kind: 'stdio'
      readonly name: string
      readonly command: string
      readonly args: readonly string[]
      readonly env: Readonly<Record<string, string>>
    }

export interface ServerTool {
  /** The server's name in the model's configuration. */
  readonly server: string
  readonly name: string
  readonly description?: string
  /** JSON schema of the arguments. */
  readonly parameters: JsonObject
  /** To call it twice does no more than to call it once: its server says so (MCP's `readOnlyHint`, `idempotentHint`). */
  readonly repeatable: boolean
}

export interface ToolAnswer {
  /** For a model to read; never longer than the limit. */
  readonly text: string
  /** The tool says itself that it failed; the text says why. */
  readonly failed: boolean
}

export interface McpLimits {
  /** From the start of a server to its list of tools. */
  readonly connectTimeoutMs: number
  readonly callTimeoutMs: number
  /** A connection that nobody uses for this long is closed. */
  readonly idleTimeoutMs: number
  /** The wait after a first failed start; it doubles with each further one, up to `maxRetryDelayMs`. */
  readonly retryDelayMs: number
  readonly maxRetryDelayMs: number
  /** Of one message of a server; more ends the connection. */
  readonly maxMessageBytes: number
  /** Characters of a tool's answer; more is cut off. */
  readonly maxAnswerLength: number
  readonly maxToolsPerServer: number
}

export const MCP_LIMITS: McpLimits = {
  connectTimeoutMs: 30_000,
  callTimeoutMs: 120_000,
  idleTimeoutMs: 600_000,
  retryDelayMs: 1000,
  maxRetryDelayMs: 60_000,
  maxMessageBytes: 8 * 1024 ** 2,
  maxAnswerLength: 16_384,
  maxToolsPerServer: 128,
}

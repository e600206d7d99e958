import type { RunSettings } from '../settings.ts'

/** Everything that is set on a node: what `run` was given, and what only a file can say. */
export type NodeSettings = RunSettings & {
  /** Of `--log-level` and `--debug`: whether the log tells details. */
  readonly debug: boolean
  /** API keys of runtime_settings.json; those of the command line are in `apiKeys`. */
  readonly runtimeApiKeys: readonly string[]
}

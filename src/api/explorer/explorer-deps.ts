import type { Directory } from '../../explorer/directory.ts'
import type { DiscoveryStatus } from '../../explorer/discovery.ts'

/** What the explorer's pages and routes are made from. */
export interface ExplorerDeps {
  readonly directory: Directory
  /** Undefined where nobody visits networks. */
  readonly discovery: () => DiscoveryStatus | undefined
  /** Unix milliseconds. */
  readonly now: () => number
}

export interface ExplorerInit {
  readonly version: string
  readonly startedAtUnixMs: number
  /** Failures that a network may have in a row. */
  readonly threshold: number
}

import { Type } from 'typebox'
import { Summary } from '../localai/federation-schema.ts'
import { Operation } from '../localai/job-status.ts'
import { Node } from '../localai/p2p-schema.ts'

const Count = Type.Integer({ minimum: 0 })

/** What of a node changes all the time. */
const NodeFigures = Type.Object({
  id: Type.String(),
  state: Type.String(),
  path: Type.Enum(['direct', 'relayed', 'self']),
  roundTripMs: Type.Union([Type.Number(), Type.Null()]),
  running: Count,
  queued: Count,
  memoryFree: Type.Number(),
  /** Unix milliseconds. */
  lastSeen: Type.Number(),
})
export type NodeFigures = Type.Static<typeof NodeFigures>

const LentMemory = Type.Object({
  protocol: Type.String(),
  build: Type.String(),
  device: Type.String(),
  memoryBytes: Type.Number(),
  busy: Type.Boolean(),
  waiting: Count,
  weightBytesPerSecond: Type.Record(Type.String(), Type.Number()),
})

/** A node as `/api/p2p/federation` has it, and what it does in the network. */
export const LiveNode = Type.Object({
  ...Node.properties,
  group: Type.String(),
  serves: Type.Boolean(),
  lends: Type.Optional(LentMemory),
})
export type LiveNode = Type.Static<typeof LiveNode>

const Finding = Type.Object({
  problem: Type.String(),
  message: Type.String(),
  address: Type.Optional(Type.String()),
  at: Type.Number(),
})

/** This node's part in the network; for those who may manage it. */
const Standing = Type.Object({
  networkId: Type.String(),
  addresses: Type.Array(Type.String()),
  findings: Type.Array(Finding),
  /** Absent: it takes no requests of others. */
  drain: Type.Optional(Type.Object({ draining: Type.Boolean(), running: Count })),
})
export type Standing = Type.Static<typeof Standing>

/** A request in the list; `/api/federation/requests/:id` has all of it. */
export type RequestSummary = Type.Static<typeof Summary>

/**
 * Something has changed. A field that is absent has not. `reset`: forget all that was told before, this is everything;
 * it comes first, and again when the reader was too slow to be told of every change.
 */
export const LiveUpdate = Type.Object({
  reset: Type.Optional(
    Type.Object({
      version: Type.String(),
      /** How this program was started, as the first words of a command: `local-ai`, `npm start --`. */
      program: Type.String(),
      /** This node's peer id; absent when it is in no network. */
      self: Type.Optional(Type.String()),
      /** Whether the reader may manage this node. What only managers may see is told to nobody else. */
      manages: Type.Boolean(),
    }),
  ),
  /** New ones, and those that tell something else of themselves. */
  nodes: Type.Optional(Type.Array(LiveNode)),
  figures: Type.Optional(Type.Array(NodeFigures)),
  /** Forgotten ones. */
  gone: Type.Optional(Type.Array(Type.String())),
  standing: Type.Optional(Standing),
  /** New ones and those with news, oldest first. */
  requests: Type.Optional(Type.Array(Summary)),
  /** All that run, wait or have failed. */
  operations: Type.Optional(Type.Array(Operation)),
})
export type LiveUpdate = Type.Static<typeof LiveUpdate>

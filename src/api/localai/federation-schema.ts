import { type TProperties, Type } from 'typebox'

const Text = Type.String()
const Milliseconds = Type.Number({ minimum: 0 })
const Count = Type.Integer({ minimum: 0 })
const Outcome = Type.Enum(['answered', 'refused', 'lost', 'cancelled', 'unrouted'])
const Node = Type.Object({ peerId: Text, name: Text })

/** `RequestSummary` in src/federation/explain, with the time of its coming as others of our routes write times. */
const summary = {
  id: Text,
  startedAt: Type.String({ format: 'date-time' }),
  state: Type.Enum(['routing', 'answering', 'ended']),
  method: Text,
  path: Text,
  capability: Text,
  model: Type.Optional(Text),
  caller: Type.Optional(Type.String({ description: 'A fingerprint of who asked' })),
  policy: Type.Optional(Text),
  to: Type.Optional(Type.Enum(['local', 'remote', 'nobody'])),
  node: Type.Optional(Node),
  outcome: Type.Optional(Outcome),
  status: Type.Optional(Type.Integer()),
  code: Type.Optional(Type.String({ description: 'Why there was no answer, or no whole one' })),
  tries: Count,
  hedges: Count,
  seams: Count,
  queuedMs: Milliseconds,
  firstBytesMs: Type.Optional(Milliseconds),
  totalMs: Type.Optional(Milliseconds),
  tokens: Type.Optional(Count),
  tokensPerSecond: Type.Optional(Type.Number()),
}

const Candidate = Type.Object({
  peerId: Text,
  name: Text,
  local: Type.Boolean(),
  busy: Count,
  slots: Count,
  loaded: Type.Boolean(),
  roundTripMs: Type.Optional(Milliseconds),
  prefixShare: Type.Optional(Type.Number({ description: 'How much of the prompt it is thought to keep computed' })),
  upstream: Type.Optional(Type.String({ description: 'The attached server behind the node that has the model' })),
  ejected: Type.Boolean({ description: 'Gets nothing but probes for a while' }),
  share: Type.Number({ description: 'Of the requests that it would get otherwise' }),
  score: Type.Optional(Type.Number({ description: 'What the policy made of it; lower is better' })),
})

const Decision = Type.Object({
  atMs: Milliseconds,
  policy: Text,
  looks: Count,
  waitedMs: Milliseconds,
  candidates: Type.Array(Candidate),
  others: Type.Integer({ description: 'Candidates behind these that are not kept' }),
})

function step<const K extends string, T extends TProperties>(type: K, facts: T) {
  return Type.Object({ type: Type.Literal(type), atMs: Milliseconds, ...facts })
}

const Step = Type.Union([
  step('try', {
    node: Node,
    outcome: Type.Enum(['answered', 'unreachable', 'not-started', 'broken', 'late']),
    ms: Milliseconds,
  }),
  step('hedge', { node: Node, afterMs: Milliseconds }),
  step('seam', {
    from: Node,
    to: Type.Optional(Node),
    cause: Type.Enum(['lost', 'stalled', 'leaving']),
    tokens: Count,
    sentBytes: Count,
    pauseMs: Milliseconds,
    code: Type.Optional(Text),
  }),
])

export const Summary = Type.Object(summary)
export const Explained = Type.Object({
  ...summary,
  decisions: Type.Array(Decision),
  timeline: Type.Array(Step),
})

const MAX_TEXT = 256

export const RequestsQuery = Type.Object({
  model: Type.Optional(Type.String({ maxLength: MAX_TEXT })),
  node: Type.Optional(Type.String({ maxLength: MAX_TEXT, description: 'Name or peer id of a node that was asked' })),
  outcome: Type.Optional(Outcome),
  since: Type.Optional(Type.String({ maxLength: 64, description: 'A time (RFC 3339), or Unix milliseconds' })),
  limit: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,3}$', description: 'Default: 100' })),
})

export const RequestParams = Type.Object({ id: Type.String({ minLength: 1, maxLength: 512 }) })

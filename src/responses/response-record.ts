import { type Static, Type } from 'typebox'
import { exact, Item } from './items.ts'
import { ResponseResource } from './resource.ts'

/** All there is to keep of a response. */
export const ResponseRecord = Type.Object(
  {
    /** Whose it is (`Caller.id`); null: everybody's. */
    owner: Type.Union([Type.String(), Type.Null()]),
    /** Made with `background` and `stream`: its events may be read again. */
    streamed: Type.Boolean(),
    resource: ResponseResource,
    /** The whole conversation before the output, that of previous responses included. */
    input: Type.Array(Item),
  },
  exact,
)
export type ResponseRecord = Static<typeof ResponseRecord>

/** What the store knows of a record without reading it. */
export const RecordHead = Type.Object(
  {
    version: Type.Literal(1),
    id: Type.String(),
    owner: Type.Union([Type.String(), Type.Null()]),
    finished: Type.Boolean(),
    savedAtMs: Type.Number(),
  },
  exact,
)
export type RecordHead = Static<typeof RecordHead>

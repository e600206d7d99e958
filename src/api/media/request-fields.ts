import Type, { type TSchema } from 'typebox'

/** `null` means absent, as several clients write it. */
export function maybe<T extends TSchema>(schema: T) {
  return Type.Optional(Type.Union([schema, Type.Null()]))
}

/** Bounded so that no text is longer than its use. */
export const ModelName = Type.String({ maxLength: 512 })
export const ShortText = Type.String({ maxLength: 512 })
export const LongText = Type.String({ maxLength: 1_000_000 })

export const ModelQuery = Type.Object({ model: maybe(ModelName) })

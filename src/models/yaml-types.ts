import Type from 'typebox'

// YAML has few types and people are casual about them, as LocalAI is: a text may look like a number, a switch like a word.
export const Text = Type.Union([Type.String(), Type.Number(), Type.Boolean()], { description: 'a text' })
export const Switch = Type.Union(
  [Type.Boolean(), ...['yes', 'no', 'on', 'off', 'Yes', 'No', 'On', 'Off'].map((word) => Type.Literal(word))],
  { description: 'true or false' },
)
const LARGEST = 2 ** 31 - 1
export const Whole = Type.Integer({ minimum: -LARGEST, maximum: LARGEST, description: 'a whole number' })
export const Count = Type.Integer({
  minimum: 0,
  maximum: LARGEST,
  description: `a whole number from 0 to ${LARGEST}`,
})
export const Decimal = Type.Number({ description: 'a number' })
export const Texts = Type.Array(Text, { maxItems: 1000, description: 'a list of at most 1000 texts' })
export const Decimals = Type.Array(Decimal, { maxItems: 1000, description: 'a list of at most 1000 numbers' })
export const BLOCK = { description: 'a block of keys' }

export type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'keyword'
  | 'identifier'
  | 'field'
  | 'variable'
  | 'constant'
  | 'dot'
  | 'symbol'
  | 'end'

/** A piece of a template. */
export interface Token {
  readonly kind: TokenKind
  /** As written; of a field or variable, its name without `.`. */
  readonly text: string
  readonly offset: number
  /** Of a constant. */
  readonly value?: boolean | number | string | null
  /** White space stands in front: a field that follows directly belongs to what is before it. */
  readonly spaced: boolean
}

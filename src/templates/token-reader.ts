import type { Token } from './token.ts'

export interface TokenReader {
  /** The next token, which stays. Behind the last one there is always another `end`. */
  peek(): Token
  next(): Token
  ahead(count: number): readonly Token[]
  skip(count: number): void
}

export function createTokenReader(tokens: Iterable<Token>): TokenReader {
  const all = [...tokens]
  const end = all.at(-1) ?? { kind: 'end', text: '', offset: 0, spaced: false }
  let position = 0
  return {
    peek: () => all[position] ?? end,
    next() {
      const token = all[position] ?? end
      position += 1
      return token
    },
    ahead: (count) => all.slice(position, position + count),
    skip(count) {
      position += count
    },
  }
}

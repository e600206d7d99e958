/** One token's bytes as they stand in the vocabulary, for tokens that are only part of a character. */
export type TokenBytes = (token: number) => readonly number[] | undefined

/**
 * Reads the two encodings in which a GGUF vocabulary writes raw bytes: GPT-2's byte alphabet (`gpt2`) and SentencePiece's
 * `<0xE2>` (`llama`). Other tokenizers have no half characters.
 */
export function createTokenBytes(vocabulary: {
  readonly model: string
  readonly tokens: readonly string[]
}): TokenBytes {
  if (vocabulary.model === 'gpt2') {
    const alphabet = byteAlphabet()
    return (token) => {
      const bytes = Array.from(vocabulary.tokens[token] ?? '', (character) => alphabet.get(character))
      return bytes.every((byte) => byte !== undefined) ? bytes : undefined
    }
  }
  return (token) => {
    const hex = /^<0x([0-9A-F]{2})>$/.exec(vocabulary.tokens[token] ?? '')?.[1]
    return hex === undefined ? undefined : [Number.parseInt(hex, 16)]
  }
}

/** GPT-2 shows printable bytes as themselves and the others as the characters from U+0100 on, in order. */
function byteAlphabet(): ReadonlyMap<string, number> {
  const alphabet = new Map<string, number>()
  let next = 0x100
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae
    alphabet.set(String.fromCodePoint(printable ? byte : next), byte)
    if (!printable) next += 1
  }
  return alphabet
}

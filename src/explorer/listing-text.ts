export const MAX_NAME_LENGTH = 100
export const MAX_DESCRIPTION_LENGTH = 1000

/** Control characters, other line ends than the usual one, and what turns the direction of a text. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

/** Line breaks are for descriptions. */
export function isPrintable(text: string): boolean {
  return text.isWellFormed() && !UNPRINTABLE.test(text)
}

/** The same text with blanks for what cannot be shown, and no longer than that. */
export function toPrintable(text: string, maxLength: number): string {
  return text.replaceAll(new RegExp(UNPRINTABLE, 'gu'), ' ').slice(0, maxLength).toWellFormed().trim()
}

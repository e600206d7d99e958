/** What an answer is taken apart into. */
export type AnswerPiece =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'call'; readonly name: string; readonly arguments: string }

/** One step that takes a text apart while it comes. What it finds does not depend on how the text was cut. */
export interface TextStage {
  push(text: string): readonly AnswerPiece[]
  end(): readonly AnswerPiece[]
}

export function textPiece(text: string): readonly AnswerPiece[] {
  return text === '' ? [] : [{ type: 'text', text }]
}

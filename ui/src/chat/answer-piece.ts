/** What one event of an answer adds to it. */
export interface AnswerPiece {
  readonly text?: string
  readonly reasoning?: string
  readonly toolCalls?: readonly ToolCallPiece[]
  readonly finishReason?: string
  readonly completionTokens?: number
}

export interface ToolCallPiece {
  readonly index: number
  readonly name: string
  readonly arguments: string
}

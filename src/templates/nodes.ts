/** The tree of a template. `offset` is where a node begins in the source. */
export type Node =
  | { readonly type: 'text'; readonly text: string; readonly offset: number }
  | { readonly type: 'action'; readonly pipe: Pipe; readonly offset: number }
  | ({ readonly type: 'if'; readonly offset: number } & Branch)
  | ({ readonly type: 'with'; readonly offset: number } & Branch)
  | ({ readonly type: 'range'; readonly offset: number } & Branch)
  | { readonly type: 'template'; readonly name: string; readonly pipe: Pipe | undefined; readonly offset: number }
  | { readonly type: 'break' | 'continue'; readonly offset: number }

export interface Branch {
  readonly pipe: Pipe
  readonly body: readonly Node[]
  readonly otherwise: readonly Node[]
}

/** Commands, each of which gets the result of the one before as its last argument. */
export interface Pipe {
  /** Variables that get the result; two only in `range`. */
  readonly variables: readonly string[]
  /** `:=` rather than `=`. */
  readonly declares: boolean
  readonly commands: readonly [Command, ...Command[]]
  readonly offset: number
}

export interface Command {
  readonly operand: Operand
  readonly arguments: readonly Operand[]
  readonly offset: number
}

export type Operand = { readonly offset: number } & (
  | { readonly type: 'constant'; readonly value: boolean | number | string | null }
  | { readonly type: 'dot' }
  | { readonly type: 'call'; readonly name: string }
  | { readonly type: 'variable'; readonly name: string }
  | { readonly type: 'pipe'; readonly pipe: Pipe }
  /** `of.name`: each field of the one before. */
  | { readonly type: 'fields'; readonly of: Operand; readonly names: readonly string[] }
)

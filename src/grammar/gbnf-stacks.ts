import { AppError } from '../base/errors.ts'
import type { GbnfAtom, GbnfFrame, GbnfGrammar, GbnfRule, GbnfSequence } from './gbnf-grammar.ts'

/** Ways a text can be read at once. */
const maxStacks = 2000
/** Stacks looked at for one text: some seconds at most. Schemas take two to five for each character. */
const maxSteps = 10_000_000
const maxNodes = 100_000

/** What a text leaves open: the top frame is where the next character belongs, its parent follows when that is done. */
export interface GbnfStack {
  /** Undefined when nothing is left: the sentence is whole. */
  readonly frame: GbnfFrame | undefined
  readonly parent: GbnfStack | undefined
}

/** There is one node for each stack, so that two ways to the same stack are one, and what follows is found only once. */
interface StackNode {
  readonly frame: GbnfFrame | undefined
  readonly parent: StackNode | undefined
  readonly children: Map<number, StackNode>
  /** The stacks that have a character on top, or nothing, to which this one opens. */
  opened: readonly StackNode[] | undefined
  /** The character after which it was last found. */
  seenAt: number
}

interface Simulation {
  readonly rules: readonly GbnfRule[]
  bottom: StackNode
  nodes: number
  steps: number
}

/**
 * All stacks after `text`, as llama.cpp keeps them (`llama_grammar_accept`); none when no sentence begins like this.
 * Throws `request.invalid` when there are too many.
 */
export function stacksAfter(grammar: GbnfGrammar, text: string): readonly GbnfStack[] {
  const simulation: Simulation = { rules: grammar.rules, bottom: createBottom(), nodes: 0, steps: 0 }
  let stacks = (grammar.rules[grammar.root]?.alternatives ?? []).flatMap((alternative) =>
    open(simulation, push(simulation, simulation.bottom, { sequence: alternative, index: 0, progress: 0 })),
  )
  stacks = [...new Set(stacks)]
  if (stacks.length > maxStacks) tooAmbiguous()
  let position = 0
  for (const character of text) {
    position += 1
    stacks = accept(simulation, stacks, { code: character.codePointAt(0) ?? 0, position })
    if (stacks.length === 0) return []
    if (simulation.nodes > maxNodes / 2) stacks = forget(simulation, stacks)
  }
  return stacks
}

function createBottom(): StackNode {
  return { frame: undefined, parent: undefined, children: new Map(), opened: undefined, seenAt: 0 }
}

function spend(simulation: Simulation, steps: number): void {
  simulation.steps += steps
  if (simulation.steps > maxSteps) tooAmbiguous()
}

function tooAmbiguous(): never {
  throw new AppError('request.invalid', 'the grammar can read the text in too many ways')
}

function accept(
  simulation: Simulation,
  stacks: readonly StackNode[],
  { code, position }: { readonly code: number; readonly position: number },
): StackNode[] {
  const next: StackNode[] = []
  spend(simulation, stacks.length)
  for (const stack of stacks) {
    const { frame } = stack
    if (frame === undefined || !takes(frame, code)) continue
    for (const opened of open(simulation, advance(simulation, stack, frame))) {
      if (opened.seenAt === position) continue
      opened.seenAt = position
      next.push(opened)
    }
    if (next.length > maxStacks) tooAmbiguous()
  }
  return next
}

function takes({ sequence, index, progress }: GbnfFrame, code: number): boolean {
  const item = sequence.items[index]
  if (item?.kind === 'text') return item.codes[progress] === code
  return item?.kind === 'class' && isInClass(item, code)
}

function isInClass({ negated, ranges }: Extract<GbnfAtom, { kind: 'class' }>, code: number): boolean {
  for (let at = 0; at < ranges.length; at += 2) {
    if ((ranges[at] ?? 0) <= code && code <= (ranges[at + 1] ?? 0)) return !negated
  }
  return negated
}

/** The stack after one character of its top. */
function advance(simulation: Simulation, stack: StackNode, frame: GbnfFrame): StackNode {
  const item = frame.sequence.items[frame.index]
  const { parent } = stack
  if (item?.kind !== 'text' || frame.progress + 1 === item.codes.length || parent === undefined) {
    return afterItem(simulation, stack, frame)
  }
  return push(simulation, parent, { ...frame, progress: frame.progress + 1 })
}

function afterItem(simulation: Simulation, stack: StackNode, { sequence, index }: GbnfFrame): StackNode {
  return push(simulation, stack.parent ?? simulation.bottom, { sequence, index: index + 1, progress: 0 })
}

/** `parent` with a frame on top of it; nothing is pushed when nothing of the sequence is left. */
function push(simulation: Simulation, parent: StackNode, frame: GbnfFrame): StackNode {
  const first = frame.sequence.firstStates[frame.index]
  if (first === undefined) return parent
  const state = first + frame.progress
  const known = parent.children.get(state)
  if (known !== undefined) return known
  simulation.nodes += 1
  if (simulation.nodes > maxNodes) tooAmbiguous()
  const node: StackNode = { frame, parent, children: new Map(), opened: undefined, seenAt: 0 }
  parent.children.set(state, node)
  return node
}

function open(simulation: Simulation, stack: StackNode): readonly StackNode[] {
  if (stack.opened !== undefined) return stack.opened
  const opened: StackNode[] = []
  const seen = new Set([stack])
  // A set yields what is added to it on the way.
  for (const node of seen) {
    spend(simulation, 1)
    const successors = openOnce(simulation, node)
    if (successors === undefined) opened.push(node)
    else for (const successor of successors) seen.add(successor)
  }
  stack.opened = opened
  return opened
}

/** Undefined when there is nothing to open: a character is on top, or nothing. */
function openOnce(simulation: Simulation, stack: StackNode): readonly StackNode[] | undefined {
  const { frame } = stack
  const item = frame?.sequence.items[frame.index]
  if (frame === undefined || item === undefined || item.kind === 'text' || item.kind === 'class') return undefined
  const start = (parent: StackNode, sequence: GbnfSequence): StackNode =>
    push(simulation, parent, { sequence, index: 0, progress: 0 })
  const after = afterItem(simulation, stack, frame)
  if (item.kind === 'rule') {
    return (simulation.rules[item.index]?.alternatives ?? []).map((alternative) => start(after, alternative))
  }
  const { min, max } = item
  const times = max === Number.POSITIVE_INFINITY ? Math.min(frame.progress + 1, min) : frame.progress + 1
  const again =
    times === max ? after : push(simulation, stack.parent ?? simulation.bottom, { ...frame, progress: times })
  const once = start(again, item.item)
  return frame.progress < min ? [once] : [once, after]
}

/** Begins anew with nothing but these stacks, so that a long text does not fill the memory. */
function forget(simulation: Simulation, stacks: readonly StackNode[]): StackNode[] {
  spend(simulation, simulation.nodes)
  simulation.nodes = 0
  simulation.bottom = createBottom()
  const copies = new Map<StackNode, StackNode>()
  const copy = (stack: StackNode): StackNode => {
    const chain: StackNode[] = []
    let node: StackNode | undefined = stack
    for (; node !== undefined && !copies.has(node); node = node.parent) chain.push(node)
    let parent = (node === undefined ? undefined : copies.get(node)) ?? simulation.bottom
    for (const original of chain.reverse()) {
      if (original.frame !== undefined) parent = push(simulation, parent, original.frame)
      copies.set(original, parent)
    }
    return parent
  }
  return stacks.map(copy)
}

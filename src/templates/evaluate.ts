import { type Frame, type Machine, pipeValue, setVariable } from './evaluate-pipe.ts'
import { placed, TemplateFault } from './fault.ts'
import { writeValue } from './format.ts'
import type { Branch, Node } from './nodes.ts'
import type { ParsedTemplate } from './parser.ts'
import { isList, isTrue, kindOf, sortedEntries, type Value } from './value.ts'

export interface EvaluateInit extends Machine {
  readonly template: ParsedTemplate
}

interface Writer extends EvaluateInit {
  write(text: string): void
}

/** What a loop has to know of how its body ended. */
type Flow = 'break' | 'continue' | undefined

/** Runs a template over data and gives what it writes. Throws TemplateFault. */
export function evaluate(data: Value, init: EvaluateInit): string {
  let output = ''
  const writer: Writer = {
    ...init,
    write(text) {
      init.budget.characters(output.length + text.length)
      output += text
    },
  }
  walkList(writer, init.template.root, newFrame(data, 0))
  return output
}

function newFrame(dot: Value, depth: number): Frame {
  return { dot, variables: [{ name: '$', value: dot }], depth }
}

function walkList(writer: Writer, nodes: readonly Node[], frame: Frame): Flow {
  for (const node of nodes) {
    writer.budget.step()
    const flow = placed(node.offset, () => walk(writer, node, frame))
    if (flow !== undefined) return flow
  }
  return undefined
}

function walk(writer: Writer, node: Node, frame: Frame): Flow {
  const { budget } = writer
  switch (node.type) {
    case 'text':
      writer.write(node.text)
      return undefined
    case 'action': {
      const value = pipeValue(writer, node.pipe, frame)
      if (node.pipe.variables.length === 0) writer.write(writeValue(value, { budget, nil: '<no value>' }))
      return undefined
    }
    case 'if':
    case 'with':
      return scoped(frame, () => {
        const value = pipeValue(writer, node.pipe, frame)
        if (!isTrue(value)) return walkList(writer, node.otherwise, frame)
        return walkList(writer, node.body, node.type === 'with' ? { ...frame, dot: value } : frame)
      })
    case 'range':
      return scoped(frame, () => range(writer, node, frame))
    case 'template':
      callTemplate(writer, node, frame)
      return undefined
    case 'break':
    case 'continue':
      return node.type
    default:
      return node satisfies never
  }
}

function callTemplate(writer: Writer, { name, pipe }: Extract<Node, { type: 'template' }>, frame: Frame): void {
  const dot = pipe === undefined ? null : pipeValue(writer, pipe, frame)
  writer.budget.depth(frame.depth + 1)
  const nodes = writer.template.templates.get(name)
  if (nodes === undefined) throw new TemplateFault(`template ${JSON.stringify(name)} not defined`)
  walkList(writer, nodes, newFrame(dot, frame.depth + 1))
}

function range(writer: Writer, { pipe, body, otherwise }: Branch, frame: Frame): Flow {
  const { variables, declares } = pipe
  let rounds = 0
  for (const [key, element] of elementsOf(pipeValue(writer, { ...pipe, variables: [] }, frame))) {
    rounds += 1
    writer.budget.step()
    const flow = scoped(frame, () => {
      const given = variables.length === 2 ? [key, element] : [element]
      for (const [index, name] of variables.entries()) {
        setVariable(frame, { name, declares, value: given[index] ?? null })
      }
      return walkList(writer, body, { ...frame, dot: element })
    })
    if (flow === 'break') break
  }
  return rounds === 0 ? walkList(writer, otherwise, frame) : undefined
}

/** Variables that are declared inside are gone afterwards. */
function scoped(frame: Frame, run: () => Flow): Flow {
  const mark = frame.variables.length
  const flow = run()
  frame.variables.length = mark
  return flow
}

/** Indexes or keys with their elements; a whole number counts up to itself. */
function* elementsOf(value: Value): Iterable<readonly [Value, Value]> {
  if (value === null) return
  if (isList(value)) {
    yield* value.entries()
  } else if (value instanceof Map) {
    yield* sortedEntries(value)
  } else if (typeof value === 'number' && Number.isInteger(value)) {
    for (let index = 0; index < value; index += 1) yield [index, index]
  } else {
    throw new TemplateFault(`range can't iterate over a ${kindOf(value)}`)
  }
}

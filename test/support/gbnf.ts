/** A small reader of GBNF that writes texts at random: what the tests use to see what a grammar lets through. */
export interface GbnfSampler {
  sample(random: () => number): string
}

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'class'; readonly negated: boolean; readonly ranges: readonly (readonly [number, number])[] }
  | { readonly kind: 'rule'; readonly name: string }
  | { readonly kind: 'choice'; readonly options: readonly (readonly Node[])[] }
  | { readonly kind: 'repeat'; readonly item: Node; readonly min: number; readonly max: number }

/** Below this depth the sampler takes the shortest way out. */
const sampleDepth = 24
const sampleRepetitions = 4
const printable = Array.from({ length: 95 }, (_, index) => String.fromCodePoint(32 + index)).concat(['é', '日', '😀'])

export function createGbnfSampler(grammar: string): GbnfSampler {
  const rules = parseGbnf(grammar)
  const depths = shortestDepths(rules)
  return { sample: (random) => sampleNode({ rules, depths, random }, { kind: 'rule', name: 'root' }, 0) }
}

interface Sampling {
  readonly rules: ReadonlyMap<string, Node>
  readonly depths: ReadonlyMap<string, number>
  readonly random: () => number
}

function sampleNode(sampling: Sampling, node: Node, depth: number): string {
  const { random } = sampling
  switch (node.kind) {
    case 'text':
      return node.text
    case 'class':
      return sampleClass(node, random)
    case 'rule': {
      const rule = sampling.rules.get(node.name)
      if (rule === undefined) throw new Error(`no rule ${node.name}`)
      return sampleNode(sampling, rule, depth + 1)
    }
    case 'choice': {
      const options = depth < sampleDepth ? node.options : shallowest(node.options, sampling.depths)
      const option = options[Math.floor(random() * options.length)] ?? []
      return option.map((part) => sampleNode(sampling, part, depth)).join('')
    }
    case 'repeat': {
      const most = depth < sampleDepth ? Math.min(node.max, node.min + sampleRepetitions) : node.min
      const count = node.min + Math.floor(random() * (most - node.min + 1))
      return Array.from({ length: count }, () => sampleNode(sampling, node.item, depth)).join('')
    }
  }
}

function sampleClass(node: Extract<Node, { kind: 'class' }>, random: () => number): string {
  const contains = (code: number): boolean => node.ranges.some(([first, last]) => first <= code && code <= last)
  if (node.negated) {
    const allowed = printable.filter((character) => !contains(character.codePointAt(0) ?? 0))
    return allowed[Math.floor(random() * allowed.length)] ?? ''
  }
  const [first, last] = node.ranges[Math.floor(random() * node.ranges.length)] ?? [65, 65]
  return String.fromCodePoint(first + Math.floor(random() * Math.min(last - first + 1, 200)))
}

function shallowest(options: readonly (readonly Node[])[], depths: ReadonlyMap<string, number>): (readonly Node[])[] {
  const costs = options.map((option) => Math.max(0, ...option.map((part) => depthOf(part, depths))))
  const least = Math.min(...costs)
  return options.filter((_option, index) => costs[index] === least)
}

function depthOf(node: Node, depths: ReadonlyMap<string, number>): number {
  switch (node.kind) {
    case 'text':
    case 'class':
      return 0
    case 'rule':
      return depths.get(node.name) ?? Number.POSITIVE_INFINITY
    case 'choice':
      return Math.min(...node.options.map((option) => Math.max(0, ...option.map((part) => depthOf(part, depths)))))
    case 'repeat':
      return node.min === 0 ? 0 : depthOf(node.item, depths)
  }
}

function shortestDepths(rules: ReadonlyMap<string, Node>): ReadonlyMap<string, number> {
  const depths = new Map<string, number>()
  for (let changed = true; changed; ) {
    changed = false
    for (const [name, node] of rules) {
      const depth = depthOf(node, depths) + 1
      if (depth < (depths.get(name) ?? Number.POSITIVE_INFINITY)) {
        depths.set(name, depth)
        changed = true
      }
    }
  }
  return depths
}

/** Reads the rules; throws for what llama.cpp would not read either. */
export function parseGbnf(grammar: string): ReadonlyMap<string, Node> {
  const rules = new Map<string, Node>()
  for (const line of grammar.split('\n')) {
    if (line === '') continue
    const [, name, body] = /^([a-z0-9-]+) ::= (.*)$/s.exec(line) ?? []
    if (name === undefined || body === undefined) throw new Error(`not a rule: ${line}`)
    if (rules.has(name)) throw new Error(`rule ${name} twice`)
    const reader = { body, at: 0 }
    rules.set(name, readChoice(reader))
    if (reader.at < body.length) throw new Error(`unread in ${name}: ${body.slice(reader.at)}`)
  }
  return rules
}

interface Reader {
  readonly body: string
  at: number
}

function skipBlanks(reader: Reader): void {
  while (reader.body[reader.at] === ' ') reader.at += 1
}

function readChoice(reader: Reader): Node {
  const options = [readSequence(reader)]
  while (reader.body[reader.at] === '|') {
    reader.at += 1
    options.push(readSequence(reader))
  }
  return { kind: 'choice', options }
}

function readSequence(reader: Reader): readonly Node[] {
  const parts: Node[] = []
  for (;;) {
    skipBlanks(reader)
    const symbol = reader.body[reader.at]
    if (symbol === undefined || symbol === '|' || symbol === ')') return parts
    parts.push(readRepeated(reader))
  }
}

function readRepeated(reader: Reader): Node {
  const item = readAtom(reader)
  const rest = reader.body.slice(reader.at)
  const [sign = ''] = /^[*+?]/.exec(rest) ?? []
  if (sign !== '') {
    reader.at += 1
    return { kind: 'repeat', item, min: sign === '+' ? 1 : 0, max: sign === '?' ? 1 : Number.POSITIVE_INFINITY }
  }
  const [whole = '', min = '', comma = '', max = ''] = /^\{(\d+)(,?)(\d*)\}/.exec(rest) ?? []
  if (whole === '') return item
  reader.at += whole.length
  const open = comma === '' ? Number(min) : Number.POSITIVE_INFINITY
  return { kind: 'repeat', item, min: Number(min), max: max === '' ? open : Number(max) }
}

function readAtom(reader: Reader): Node {
  const { body } = reader
  if (body[reader.at] === '"') return readText(reader)
  if (body[reader.at] === '[') return readClass(reader)
  if (body[reader.at] === '(') {
    reader.at += 1
    const choice = readChoice(reader)
    if (body[reader.at] !== ')') throw new Error(`) is missing: ${body}`)
    reader.at += 1
    return choice
  }
  const [name = ''] = /^[a-z0-9-]+/.exec(body.slice(reader.at)) ?? []
  if (name === '') throw new Error(`not understood: ${body.slice(reader.at)}`)
  reader.at += name.length
  return { kind: 'rule', name }
}

function readText(reader: Reader): Node {
  reader.at += 1
  let text = ''
  while (reader.body[reader.at] !== '"') text += readCharacter(reader)
  reader.at += 1
  return { kind: 'text', text }
}

function readClass(reader: Reader): Node {
  reader.at += 1
  const negated = reader.body[reader.at] === '^'
  if (negated) reader.at += 1
  const ranges: (readonly [number, number])[] = []
  while (reader.body[reader.at] !== ']') {
    const first = readCharacter(reader).codePointAt(0) ?? 0
    const isSpan = reader.body[reader.at] === '-' && reader.body[reader.at + 1] !== ']'
    if (isSpan) reader.at += 1
    ranges.push([first, isSpan ? (readCharacter(reader).codePointAt(0) ?? 0) : first])
  }
  reader.at += 1
  return { kind: 'class', negated, ranges }
}

function readCharacter(reader: Reader): string {
  const code = reader.body.codePointAt(reader.at)
  if (code === undefined) throw new Error(`unfinished: ${reader.body}`)
  const character = String.fromCodePoint(code)
  reader.at += character.length
  if (character !== '\\') return character
  const symbol = reader.body[reader.at] ?? ''
  reader.at += 1
  const digits = { x: 2, u: 4, U: 8 }[symbol]
  if (digits !== undefined) {
    const hex = reader.body.slice(reader.at, reader.at + digits)
    reader.at += digits
    return String.fromCodePoint(Number.parseInt(hex, 16))
  }
  const control = { n: '\n', r: '\r', t: '\t' }[symbol]
  if (control !== undefined) return control
  if ('\\"[]-'.includes(symbol) && symbol !== '') return symbol
  throw new Error(`unknown escape \\${symbol}`)
}

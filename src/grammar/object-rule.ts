import { escapeGbnf, type GrammarRules, gbnfLiteral } from './gbnf.ts'
import { characterRule, whitespaceRule } from './json-rules.ts'

export interface PropertyRule {
  readonly name: string
  readonly required: boolean
  /** The rule of the value. */
  readonly value: string
}

export interface ObjectShape {
  /** In the order in which they are written. */
  readonly properties: readonly PropertyRule[]
  /** The rule of the values of all other properties; absent: there are no others. */
  readonly additional?: string
}

/**
 * The rule of a JSON object: its properties in their order, any of the optional ones left out. Two rules per property
 * (something has been written before it, or not), so that the grammar grows with their number and not with that of their subsets.
 */
export function objectShapeRule(rules: GrammarRules, shape: ObjectShape): string {
  const ws = whitespaceRule(rules)
  let { rest, first } = endOfObject(rules, shape)
  const firstRequired = shape.properties.findIndex(({ required }) => required)
  for (const [index, { name, required, value }] of [...shape.properties.entries()].reverse()) {
    const pair = `${gbnfLiteral(`${JSON.stringify(name)}:`)} ${ws} ${value}`
    const next = rest
    rest = rules.rule(`after-${name}`, `"," ${ws} ${pair} ${next}${required ? '' : ` | ${next}`}`)
    // Behind a required property something has always been written.
    if (firstRequired >= 0 && index > firstRequired) continue
    first = rules.rule(`from-${name}`, `${pair} ${next}${required ? '' : ` | ${first}`}`)
  }
  return rules.rule('object', `"{" ${ws} ${first} "}"`)
}

function endOfObject(rules: GrammarRules, { properties, additional }: ObjectShape): { rest: string; first: string } {
  const ws = whitespaceRule(rules)
  if (additional === undefined) return { rest: ws, first: '""' }
  const key = otherKeyRule(
    rules,
    properties.map(({ name }) => name),
  )
  const pair = rules.rule('other-member', `${key} ":" ${ws} ${additional}`)
  const more = rules.rule('other-members', `"," ${ws} ${pair}`)
  return {
    rest: rules.rule('other-rest', `${more}* ${ws}`),
    first: rules.rule('other-first', `${pair} ${more}* ${ws} | ""`),
  }
}

/** What some names begin with: the names that end here, and what may follow. */
interface NameTree {
  isName: boolean
  /** A name goes on with an escape from here; no other key may have one in this place. */
  goesOnEscaped: boolean
  readonly children: Map<string, NameTree>
}

/** The rule of a JSON string that is none of these names. */
function otherKeyRule(rules: GrammarRules, names: readonly string[]): string {
  const tree = emptyTree()
  for (const name of names) addName(tree, JSON.stringify(name).slice(1, -1))
  return rules.rule('other-key', `"\\"" ${otherTextRule(rules, tree)}`)
}

function emptyTree(): NameTree {
  return { isName: false, goesOnEscaped: false, children: new Map() }
}

function addName(tree: NameTree, written: string): void {
  let node = tree
  for (const character of written) {
    if (character === '\\') {
      node.goesOnEscaped = true
      return
    }
    const next = node.children.get(character) ?? emptyTree()
    node.children.set(character, next)
    node = next
  }
  node.isName = true
}

function otherTextRule(rules: GrammarRules, node: NameTree): string {
  const rest = rules.rule('string-rest', `${characterRule(rules)}* "\\""`)
  if (node.children.size === 0 && !node.isName && !node.goesOnEscaped) return rest
  const alternatives = node.isName ? [] : ['"\\""']
  // Once a key differs from all names it may go on as it likes; until then an escape could spell a name.
  alternatives.push(`[^"\\\\\\x7F\\x00-\\x1F${[...node.children.keys()].map(escapeGbnf).join('')}] ${rest}`)
  for (const [character, child] of node.children) {
    alternatives.push(`${gbnfLiteral(character)} ${otherTextRule(rules, child)}`)
  }
  return rules.rule('other-text', alternatives.join(' | '))
}

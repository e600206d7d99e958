import type { GbnfItem, GbnfRule, GbnfSequence } from './gbnf-grammar.ts'

/** Whether some rule can come to itself again without a character in between. Linear in the size of the rules. */
export function findLeftRecursion(rules: readonly GbnfRule[]): boolean {
  const nullable = nullableRules(rules)
  const followers = rules.map((rule) => leftmostRules(rule, nullable))
  // Whoever leads to no rule is taken away, again and again: what stays goes in circles.
  const leaders: number[][] = rules.map(() => [])
  followers.forEach((list, leader) => {
    for (const follower of list) leaders[follower]?.push(leader)
  })
  const open = followers.map((list) => list.length)
  const ends = open.flatMap((count, index) => (count === 0 ? [index] : []))
  for (let index = ends.pop(), left = rules.length; ; index = ends.pop()) {
    if (index === undefined) return left > 0
    left -= 1
    for (const leader of leaders[index] ?? []) {
      open[leader] = (open[leader] ?? 0) - 1
      if (open[leader] === 0) ends.push(leader)
    }
  }
}

/** The rule that an item can only be empty with; `always` and `never` for what depends on none. */
function emptiness(item: GbnfItem): number | 'always' | 'never' {
  if (item.kind === 'rule') return item.index
  if (item.kind !== 'repeat') return 'never'
  const atom = item.item.items[0]
  if (item.min === 0) return 'always'
  return atom === undefined ? 'always' : emptiness(atom)
}

function nullableRules(rules: readonly GbnfRule[]): ReadonlySet<number> {
  const nullable = new Set<number>()
  const waiting = new Map<number, { readonly rule: number; missing: number }[]>()
  const found: number[] = []
  const add = (rule: number): void => {
    if (nullable.has(rule)) return
    nullable.add(rule)
    found.push(rule)
  }
  rules.forEach((rule, index) => {
    for (const { items } of rule.alternatives) {
      const needs = items.map(emptiness)
      if (needs.includes('never')) continue
      const others = needs.filter((need) => typeof need === 'number')
      const alternative = { rule: index, missing: others.length }
      if (others.length === 0) add(index)
      for (const other of others) {
        const list = waiting.get(other)
        if (list === undefined) waiting.set(other, [alternative])
        else list.push(alternative)
      }
    }
  })
  for (let rule = found.pop(); rule !== undefined; rule = found.pop()) {
    for (const alternative of waiting.get(rule) ?? []) {
      alternative.missing -= 1
      if (alternative.missing === 0) add(alternative.rule)
    }
  }
  return nullable
}

function leftmostRules(rule: GbnfRule, nullable: ReadonlySet<number>): readonly number[] {
  return rule.alternatives.flatMap((sequence) => leftmostOfSequence(sequence, nullable))
}

function leftmostOfSequence({ items }: GbnfSequence, nullable: ReadonlySet<number>): readonly number[] {
  const leftmost: number[] = []
  for (const item of items) {
    const atom = item.kind === 'repeat' ? item.item.items[0] : item
    if (atom?.kind === 'rule') leftmost.push(atom.index)
    const need = emptiness(item)
    if (need === 'never' || (typeof need === 'number' && !nullable.has(need))) break
  }
  return leftmost
}

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { nestsDeeperThan } from '../../../src/api/json-body.ts'

const nested = (levels: number, open = '[', close = ']') => `${open.repeat(levels)}${close.repeat(levels)}`

describe('nestsDeeperThan', () => {
  const cases: readonly [json: string, limit: number, deeper: boolean][] = [
    ['1', 0, false],
    [nested(3), 3, false],
    [nested(4), 3, true],
    ['{"a":{"b":[]}}', 3, false],
    ['{"a":{"b":[]}}', 2, true],
    ['[[],[],[],[],[]]', 2, false],
    ['["[[[[["]', 1, false],
    [String.raw`["\"[[[[[", 1]`, 1, false],
    [String.raw`["\\",[[]]]`, 2, true],
    [String.raw`["\\\"[[[["]`, 1, false],
    ['["unterminated [[[', 1, false],
    [nested(1_000_000), 128, true],
  ]
  for (const [json, limit, deeper] of cases) {
    it(`${json.slice(0, 30)} ${deeper ? 'is' : 'is not'} deeper than ${limit}`, () => {
      assert.equal(nestsDeeperThan(json, limit), deeper)
    })
  }

  it('agrees with a parser on random JSON', () => {
    const depthOf = (value: unknown): number =>
      typeof value === 'object' && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0
    let state = 7
    const random = (below: number) => {
      state = (state * 1103515245 + 12345) % 2 ** 31
      return Math.floor((state / 2 ** 31) * below)
    }
    const texts = ['', '"', '\\', '[{', '\\"', 'ü"]']
    const make = (levels: number): unknown => {
      const kind = levels === 0 ? 0 : random(3)
      if (kind === 0) return texts[random(texts.length)]
      const items = Array.from({ length: random(3) }, () => make(levels - 1))
      return kind === 1 ? items : Object.fromEntries(items.map((item, index) => [`${texts[index]}${index}`, item]))
    }
    for (let round = 0; round < 500; round += 1) {
      const value = make(6)
      const json = JSON.stringify(value)
      const depth = depthOf(value)
      assert.equal(nestsDeeperThan(json, depth), false, json)
      if (depth > 0) assert.equal(nestsDeeperThan(json, depth - 1), true, json)
    }
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { compilePattern } from '../../../src/templates/regex/pattern.ts'

describe("patterns in Go's syntax", () => {
  const found: readonly (readonly [pattern: string, text: string, expected: string | undefined])[] = [
    ['(?s)<a>(.*)</a>', 'x<a>1\n2</a>', '<a>1\n2</a>'],
    ['<a>(.*)</a>', '<a>1\n2</a>', undefined],
    ['(?i)ab|CD', 'xcd', 'cd'],
    ['x(?i)a|b', 'B', 'B'],
    ['(?:(?i)a)b', 'Ab', 'Ab'],
    ['(?:(?i)a)b', 'AB', undefined],
    ['(?i:a)B', 'AB', 'AB'],
    ['{"a": \\{\\}}', '{"a": {}}', '{"a": {}}'],
    ['a{2,3}', 'aaaa', 'aaa'],
    ['[[:alpha:]_]+', '12ab_c', 'ab_c'],
    ['[^{\\[]*', 'ab{', 'ab'],
    ['[]a]+', 'x]a', ']a'],
    ['\\A\\w+\\z', 'abc', 'abc'],
    ['(?m)^b$', 'a\nb\nc', 'b'],
    ['\\Q.*\\E!', 'a.*!', '.*!'],
    ['\\x{48}\\"\\\'', 'H"\'', 'H"\''],
    ['\\p{Greek}+', 'aαβ', 'αβ'],
    ['\\pL', '1é', 'é'],
    ['.', '😀', '😀'],
    ['(?U)a+', 'aaa', 'a'],
  ]
  for (const [pattern, text, expected] of found) {
    it(`${pattern} in ${JSON.stringify(text)}`, () => assert.equal(compilePattern(pattern).first(text)?.text, expected))
  }

  it('names groups, with and without the P', () => {
    const pattern = compilePattern('(?P<name>\\w+)\\((?<arguments>.*)\\)')
    assert.deepEqual(pattern.first('call f(1, 2)'), {
      index: 5,
      text: 'f(1, 2)',
      groups: ['f', '1, 2'],
      named: { name: 'f', arguments: '1, 2' },
    })
  })

  const replaced: readonly (readonly [pattern: string, text: string, replacement: string, expected: string])[] = [
    ["'([^']*?)'", "{'a': 'b'}", '_Q_${1}_Q_', '{_Q_a_Q_: _Q_b_Q_}'],
    ['(?P<a>x)', 'axa', '<${a}$a$$$0>', 'a<xx$x>a'],
    ['(a)', 'a', '$1x', ''],
    ['', 'a😀', '-', '-a-😀-'],
  ]
  for (const [pattern, text, replacement, expected] of replaced) {
    it(`${pattern} becomes ${replacement}`, () => {
      assert.equal(compilePattern(pattern).replaceAll(text, replacement), expected)
    })
  }

  for (const pattern of ['(?=a)', '(?<!a)b', '(a)\\1', '(a', 'a)', '[a', 'a\\', '*a', '[[:nope:]]']) {
    it(`refuses ${pattern}, as Go does`, () => {
      assert.throws(() => compilePattern(pattern), { code: 'model.config-invalid', message: /the regular expression/ })
    })
  }
})

describe('what a pattern may cost is bounded', () => {
  it('does not go back and forth: what would take another engine years is over', { timeout: 20_000 }, () => {
    const pattern = compilePattern('(a+)+$')
    assert.equal(pattern.first(`${'a'.repeat(5000)}!`), undefined)
    assert.equal(pattern.first('aaa')?.text, 'aaa')
  })

  it('does not look at texts without end', () => {
    assert.throws(() => compilePattern('a').first('a'.repeat(2_000_000)), { message: /is not tried on more than/ })
  })

  it('does not let a replacement grow without end', () => {
    assert.throws(() => compilePattern('a').replaceAll('a'.repeat(9000), 'b'.repeat(100_000)), { message: /too long/ })
  })
})

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { getLlama, type Llama, LlamaLogLevel } from 'node-llama-cpp'
import { advanceGbnf } from '../../../src/grammar/advance-gbnf.ts'
import { jsonObjectGbnf } from '../../../src/grammar/json-rules.ts'
import { jsonSchemaToGbnf } from '../../../src/grammar/json-schema-to-gbnf.ts'
import { toolArgumentsRule, toolCallGbnf } from '../../../src/grammar/tool-call-gbnf.ts'
import { createGbnfSampler } from '../../support/gbnf.ts'
import { llamaGrammarTest } from '../../support/llama-grammar.ts'
import { seededRandom } from '../../support/random.ts'
import { randomSchema } from '../../support/random-schema.ts'

function advanced(grammar: string, text: string): string {
  const rest = advanceGbnf(grammar, text)
  assert.ok(rest !== undefined, `${JSON.stringify(text)} begins no sentence of ${grammar}`)
  return rest
}

/** Whether the text is a whole sentence: then nothing may follow. */
function fits(grammar: string, text: string): boolean {
  return /^root ::= (.* \| )?""( \||$)/m.test(advanceGbnf(grammar, text) ?? '')
}

/** Texts of the same length or nearly, some of them no longer what they were. */
function wrongTexts(text: string, random: () => number): string[] {
  const characters = [...text]
  const at = Math.floor(random() * (characters.length + 1))
  const other = ['"', '}', ']', ',', '0', 'x', ' ', '\\', 'é'][Math.floor(random() * 9)] ?? ''
  return [
    characters.toSpliced(at, 1, other).join(''),
    characters.toSpliced(at, 0, other).join(''),
    characters.toSpliced(at, 1).join(''),
    characters.slice(0, at).join(''),
    `${text}${other}`,
  ]
}

describe('an advanced grammar, as llama.cpp reads it', () => {
  let llama: Llama
  before(async () => {
    llama = await getLlama({ gpu: false, build: 'never', maxThreads: 1, logLevel: LlamaLogLevel.error })
  })
  after(async () => {
    await llama.dispose()
  })

  it('takes exactly the rests of what the whole one takes, wherever it is cut, for random schemas', async () => {
    let refused = 0
    for (let seed = 1; seed <= 25; seed += 1) {
      const random = seededRandom(seed)
      const grammar = jsonSchemaToGbnf(randomSchema(random))
      const whole = await llamaGrammarTest(llama, grammar)
      const document = createGbnfSampler(grammar).sample(random)
      const characters = [...document].slice(0, 48)
      const step = 1 + Math.floor(random() * 5)
      for (let cut = 0; cut <= characters.length; cut += step) {
        const begun = characters.slice(0, cut).join('')
        const rest = document.slice(begun.length)
        const takes = await llamaGrammarTest(llama, advanced(grammar, begun))
        assert.ok(takes(rest), `${begun} ┃ ${rest}`)
        for (const wrong of rest === '' ? ['x', '"', ' '] : wrongTexts(rest, random)) {
          const expected = whole(`${begun}${wrong}`)
          assert.equal(takes(wrong), expected, `${begun} ┃ ${wrong}`)
          if (!expected) refused += 1
        }
      }
    }
    assert.ok(refused > 300, `${refused} wrong rests`)
  })

  it('writes nothing that the whole one would not', async () => {
    for (let seed = 100; seed < 140; seed += 1) {
      const random = seededRandom(seed)
      const grammar = jsonSchemaToGbnf(randomSchema(random))
      const whole = await llamaGrammarTest(llama, grammar)
      const characters = [...createGbnfSampler(grammar).sample(random)]
      for (let round = 0; round < 4; round += 1) {
        const begun = characters.slice(0, Math.floor(random() * (characters.length + 1))).join('')
        const rest = createGbnfSampler(advanced(grammar, begun)).sample(random)
        assert.ok(whole(`${begun}${rest}`), `${begun} ┃ ${rest}`)
      }
    }
  })

  it('is the same whether advanced at once or in steps', async () => {
    for (let seed = 200; seed < 220; seed += 1) {
      const random = seededRandom(seed)
      const grammar = jsonSchemaToGbnf(randomSchema(random))
      const whole = await llamaGrammarTest(llama, grammar)
      const characters = [...createGbnfSampler(grammar).sample(random)].slice(0, 80)
      let stepwise = grammar
      for (const [index, character] of characters.entries()) {
        stepwise = advanced(stepwise, character)
        if (index % 8 !== 0) continue
        const begun = characters.slice(0, index + 1).join('')
        const takes = await llamaGrammarTest(llama, stepwise)
        const once = createGbnfSampler(advanced(grammar, begun)).sample(random)
        for (const rest of [once, ...wrongTexts(once, random)]) {
          assert.equal(takes(rest), whole(`${begun}${rest}`), `${begun} ┃ ${rest}`)
        }
      }
      assert.ok(stepwise.length < 3 * grammar.length + 2000, 'it does not grow with the number of steps')
    }
  })

  const dialect: readonly { name: string; grammar: string; texts: readonly string[] }[] = [
    { name: 'repetitions', grammar: 'root ::= "ab"{2,3} [0-9]{2} "x"{1,} "y"*', texts: ['abab12x', 'ababab99xxyy'] },
    { name: 'exact repetitions', grammar: 'root ::= ("ab" | "c"){3} "d"{0} "e"{ 1 , 2 }', texts: ['abcabe', 'cccee'] },
    { name: 'repeated repetitions', grammar: 'root ::= "a"{2}{2} "b"+?', texts: ['aaaa', 'aaaabb'] },
    { name: 'classes', grammar: 'root ::= [^a-c"\\]]+ [a\\-\\x2D-] [-z] [x-]', texts: ['zé😀--x', '日a--'] },
    { name: 'any character', grammar: 'root ::= "<" .{0,3} ">"', texts: ['<>', '<>\n>>'] },
    {
      name: 'escapes',
      grammar: 'root ::= "\\x41\\u00e9\\U0001F600\\n\\r\\t\\\\\\"\\[\\]\\-" [\\u4E00-\\u9FFF]',
      texts: ['Aé😀\n\r\t\\"[]-日'],
    },
    {
      name: 'comments, and groups over several lines',
      grammar: '# one\nroot ::= # two\n  "a" ( # three\n\n "b"\n | "c" ) \n\r\n  # four\nother ::= "x" #five',
      texts: ['ab', 'ac'],
    },
    { name: 'recursion through the root', grammar: 'root ::= "(" root* ")"\n', texts: ['(()(()))', '((()))'] },
    { name: 'ambiguity', grammar: 'root ::= ("a" | "aa")* ("a" | "b")? \n', texts: ['aaaaab', 'aaaa'] },
    { name: 'empty texts and classes', grammar: 'root ::= "" [] "a" ("" | "b") | ""', texts: ['ab', 'a', ''] },
    { name: 'alternatives in the next line', grammar: 'root ::= "a" |\n "b"\nRule-2 ::= "c"', texts: ['a', 'b'] },
    { name: 'the last of two rules', grammar: 'root ::= x\nx ::= "a"\nx ::= "b"', texts: ['b'] },
    {
      name: 'names that are taken',
      grammar: 'root ::= "(" rest* group*\nrest ::= root ")"\ngroup ::= ("x")',
      texts: ['(()xx'],
    },
  ]
  for (const { name, grammar, texts } of dialect) {
    it(`reads ${name}`, async () => {
      const whole = await llamaGrammarTest(llama, grammar)
      const random = seededRandom(5)
      for (const text of texts) {
        assert.ok(whole(text), `the case is wrong: ${text}`)
        const characters = [...text]
        for (let cut = 0; cut <= characters.length; cut += 1) {
          const begun = characters.slice(0, cut).join('')
          const rest = text.slice(begun.length)
          const takes = await llamaGrammarTest(llama, advanced(grammar, begun))
          const others = rest === '' ? ['x', '"'] : [1, 2, 3, 4].flatMap(() => wrongTexts(rest, random))
          for (const other of [rest, ...others]) {
            assert.equal(takes(other), whole(`${begun}${other}`), `${begun} ┃ ${other}`)
            assert.equal(fits(grammar, `${begun}${other}`), whole(`${begun}${other}`), `${begun}${other}`)
          }
        }
      }
    })
  }

  it('reads the examples that come with llama.cpp', async () => {
    const folder = new URL('../../../node_modules/node-llama-cpp/llama/grammars/', import.meta.url)
    const examples: readonly (readonly [string, string])[] = [
      ['json', '{"a": [1, {"b": "x\\u00e9"}, true], "c": null}'],
      ['c', 'int main(){return x*2;}'],
      ['chess', '1. e4 e5\n2. Nf3 Nc6\n'],
      ['japanese', 'こんにちは 世界'],
      ['arithmetic', 'a +1=(2*x)\n'],
      ['list', '- one\n- two\n'],
    ]
    for (const [name, text] of examples) {
      const grammar = await readFile(fileURLToPath(new URL(`${name}.gbnf`, folder)), 'utf8')
      const whole = await llamaGrammarTest(llama, grammar)
      const characters = [...text]
      for (let cut = 0; cut <= characters.length; cut += 1) {
        const begun = characters.slice(0, cut).join('')
        const takes = await llamaGrammarTest(llama, advanced(grammar, begun))
        const rest = text.slice(begun.length)
        assert.ok(takes(rest), `${name}: ${begun} ┃ ${rest}`)
        for (const wrong of [`${rest})`, `\n${rest}`, `-${rest}`]) {
          assert.equal(takes(wrong), whole(`${begun}${wrong}`), `${name}: ${begun} ┃ ${wrong}`)
        }
      }
    }
  })

  it('goes on in the middle of thoughts and of a tool call', async () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
    const form = {
      before: '<tool_call>\n{"name": "get_weather", "arguments": ',
      arguments: (rules: Parameters<typeof toolArgumentsRule>[0]) => toolArgumentsRule(rules, parameters),
      after: '}\n</tool_call>',
    }
    const thoughts = { open: '<think>', close: '</think>', isOpen: true, blanksAfter: true }
    const grammar = toolCallGbnf([form], thoughts)
    const whole = await llamaGrammarTest(llama, grammar)
    const text = `a </thin> b</think>\n\n${form.before}{"city": "Oslo"}${form.after}`
    assert.ok(whole(text))
    for (let cut = 0; cut <= text.length; cut += 1) {
      const takes = await llamaGrammarTest(llama, advanced(grammar, text.slice(0, cut)))
      const rest = text.slice(cut)
      assert.ok(takes(rest), rest)
      assert.ok(!takes(`${rest}>`) && (rest === '' || !takes(rest.slice(0, -1))), rest)
    }
  })
})

describe('what no grammar is advanced by', () => {
  it('is a text that begins no sentence', () => {
    assert.equal(advanceGbnf('root ::= "yes" | "no"', 'ye'), 'root ::= "s"\n')
    assert.equal(advanceGbnf('root ::= "yes" | "no"', 'yo'), undefined)
    assert.equal(advanceGbnf('root ::= "yes" | "no"', 'yes!'), undefined)
    assert.equal(advanceGbnf('root ::= "yes" | "no"', 'no'), 'root ::= ""\n')
  })

  const unreadable: readonly (readonly [string, string])[] = [
    ['no root', 'start ::= "a"'],
    ['nothing', ''],
    ['a missing rule', 'root ::= a b\na ::= "x"'],
    ['left recursion', 'root ::= "b" | "a" x\nx ::= x "a" | "b"'],
    [
      'left recursion behind what may be empty',
      'root ::= "b" | "a" x\nx ::= blank ("" | "u")* x "a" | "b"\nblank ::= [ ]? nil\nnil ::= "" | "n"',
    ],
    ['an open group', 'root ::= ('],
    ['an open text', 'root ::= "a'],
    ['an open class', 'root ::= [a'],
    ['an unknown escape', 'root ::= "\\q"'],
    ['a short escape', 'root ::= "\\u00e"'],
    ['nothing to repeat', 'root ::= *'],
    ['a repeated nothing', 'root ::= ""*'],
    ['a crossed repetition', 'root ::= "a"{3,2}'],
    ['a huge repetition', 'root ::= "a"{2001}'],
    ['tokens', 'root ::= <[12]> "a"'],
    ['all tokens but one', 'root ::= !<think> "a"'],
    ['a character that ends it', 'root ::= "a\u0000b"'],
    ['too many groups', `root ::= ${'('.repeat(129)}"a"${')'.repeat(129)}`],
    ['too much text', `root ::= "${'a'.repeat(2 * 1024 * 1024)}"`],
    ['too many alternatives', `root ::= "a"${' | "a"'.repeat(100_000)}`],
    ['too many ways at once', `root ::= ${'("a"{0,300} "b"?){0,300} '.repeat(3)}`],
    [
      'alternatives that double with every rule',
      `root ::= r0\n${Array.from({ length: 40 }, (_, n) => `r${n} ::= r${n + 1} "x" | r${n + 1} "y"\n`).join('')}r40 ::= "a"`,
    ],
  ]
  for (const [name, grammar] of unreadable) {
    it(`is a grammar with ${name}`, () => {
      assert.equal(advanceGbnf(grammar, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'), undefined)
      if (!name.startsWith('too many ways')) assert.equal(advanceGbnf(grammar, ''), undefined)
    })
  }
})

it('is advanced with groups as deep as they may be, and with a name like any other', () => {
  const groups = `${'('.repeat(128)}"a"${')'.repeat(128)}`
  assert.ok(fits(`root ::= ${groups} Long-Name-1\nLong-Name-1 ::= blank blank? "b"\nblank ::= [ ]?`, 'ab'))
})

describe('a long answer', () => {
  it('leaves no more behind than a short one', () => {
    const person = { type: 'object', properties: { name: { type: 'string', maxLength: 40 } }, required: ['name'] }
    const grammar = jsonSchemaToGbnf({ type: 'array', items: person })
    const begun = (count: number): string => `[${'{"name": "somebody"}, '.repeat(count)}{"na`
    assert.equal(advanced(grammar, begun(1000)), advanced(grammar, begun(2)))
  })

  it('is read in steps that do not fill the memory', () => {
    const grammar = jsonSchemaToGbnf({ type: 'string', maxLength: 20_000 })
    assert.ok(fits(grammar, `"${'x'.repeat(20_000)}"`))
    assert.ok(!fits(grammar, `"${'x'.repeat(20_001)}"`))
  })

  it('may be read in more ways with every character', () => {
    const rest = advanced('root ::= ("a" | "aa" | "aaa")* "b"', 'a'.repeat(500))
    assert.ok(rest.length < 200, rest)
  })

  it('may nest deeply', () => {
    const depth = 500
    const rest = advanced(jsonObjectGbnf(), `{"a": ${'['.repeat(depth)}`)
    assert.ok(fits(rest, `${']'.repeat(depth)}}`))
    assert.ok(!fits(rest, `${']'.repeat(depth + 1)}}`))
    assert.ok(!fits(rest, `${']'.repeat(depth - 1)}}`))
  })
})

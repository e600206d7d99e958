import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTokenBytes } from '../../../src/builtin/llama-cpp/node-llama-cpp/token-bytes.ts'
import { createStopMatcher } from '../../../src/builtin/llama-cpp/text/stop-matcher.ts'
import { createTokenText } from '../../../src/builtin/llama-cpp/text/token-text.ts'

/** Feeds the text in pieces; gives all that was shown, and the stop string. */
function run(stops: readonly string[], pieces: readonly string[]): { shown: string; stop: string | undefined } {
  const matcher = createStopMatcher(stops)
  let shown = ''
  for (const piece of pieces) {
    const match = matcher.push(piece)
    shown += match.text
    if (match.stop !== undefined) return { shown, stop: match.stop }
  }
  return { shown: shown + matcher.finish(), stop: undefined }
}

describe('stop matcher', () => {
  it('cuts the text before the stop string, however it is split', () => {
    const text = 'one two STOP three'
    for (let first = 0; first <= text.length; first++) {
      for (let second = first; second <= text.length; second++) {
        const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)]
        assert.deepEqual(run(['STOP'], pieces), { shown: 'one two ', stop: 'STOP' }, JSON.stringify(pieces))
      }
    }
  })

  it('gives text back that only began like a stop string', () => {
    assert.deepEqual(run(['</s>'], ['a <', '/', 'b> c']), { shown: 'a </b> c', stop: undefined })
    assert.deepEqual(run(['aab'], ['a', 'a', 'a', 'b', 'x']), { shown: 'a', stop: 'aab' })
    assert.deepEqual(run(['END'], ['the EN']), { shown: 'the EN', stop: undefined })
  })

  it('holds back no more than could still become a stop string', () => {
    const matcher = createStopMatcher(['\n\nUser:'])
    assert.equal(matcher.push('hello\n').text, 'hello')
    assert.equal(matcher.push('world').text, '\nworld')
    assert.equal(matcher.push('!').text, '!')
  })

  it('takes the stop string that begins first, then the one listed first', () => {
    assert.deepEqual(run(['later', 'now'], ['it is now, not later']), { shown: 'it is ', stop: 'now' })
    assert.deepEqual(run(['ab', 'abc'], ['xabc']), { shown: 'x', stop: 'ab' })
    assert.deepEqual(run(['abcd', 'bc'], ['ab', 'c']), { shown: 'a', stop: 'bc' })
  })

  it('ignores empty stop strings', () => {
    assert.deepEqual(run(['', 'z'], ['abc']), { shown: 'abc', stop: undefined })
  })
})

describe('token text', () => {
  /** Every token is one byte. */
  const bytesToText = (tokens: readonly number[]): string => Buffer.from(tokens).toString('utf8')

  it('never splits a character', () => {
    const text = 'aé€🎉z👩‍👩‍👧'
    const assembler = createTokenText(bytesToText)
    const pieces = [...Buffer.from(text)].map((byte) => assembler.push(byte))
    assert.equal(pieces.join('') + assembler.finish(), text)
    for (const piece of pieces) assert.ok(!piece.includes('\uFFFD'), JSON.stringify(piece))
  })

  it('lets bytes go that never make a character', () => {
    const assembler = createTokenText(bytesToText)
    const pieces = [0xf0, 0x9f, 0x98, 0x41, ...Array<number>(20).fill(0x80), 0x41].map((byte) => assembler.push(byte))
    assert.deepEqual(pieces.slice(0, 4), ['', '', '', '\uFFFDA'])
    assert.equal(pieces.join(''), `\uFFFDA${'\uFFFD'.repeat(20)}A`)
    const shown = pieces.findIndex((piece, index) => index > 3 && piece !== '')
    assert.ok(shown < 20, 'broken bytes are not held back for ever')
  })

  it('keeps a character whole behind broken bytes, and where tokens end one and begin the next', () => {
    const words = ['ff', 'f0', '9f', '98', '80', '41', 'e4', 'b8', 'ade6', '96', '87e5', 'ad', '97e3', '80', '82']
    const assembler = createTokenText((tokens) =>
      Buffer.concat(tokens.map((token) => Buffer.from(words[token] ?? '', 'hex'))).toString(),
    )
    assert.equal(words.map((_, token) => assembler.push(token)).join(''), '\uFFFD😀A中文字。')
  })

  it('drops half a character at the end, and keeps what stands before it', () => {
    const assembler = createTokenText(() => 'x\uFFFD')
    assert.equal(assembler.push(1), '')
    assert.equal(assembler.finish(), 'x')
    assert.equal(assembler.finish(), '')
  })

  it('tells the tokenizer which tokens stand before', () => {
    const seen: (readonly number[])[] = []
    const assembler = createTokenText(
      (tokens, before) => {
        seen.push(before)
        return tokens.map((token) => `<${token}>`).join('')
      },
      [1, 2, 3, 4],
    )
    assert.equal(assembler.push(5), '<5>')
    assert.equal(assembler.push(6), '<6>')
    assert.deepEqual(seen, [
      [2, 3, 4],
      [3, 4, 5],
    ])
  })
})

describe('token bytes', () => {
  it("reads GPT-2's byte alphabet", () => {
    const bytesOf = createTokenBytes({ model: 'gpt2', tokens: ['Ã©', 'Ġhi', 'Ċ', '日'] })
    assert.deepEqual(bytesOf(0), [...Buffer.from('é')])
    assert.deepEqual(bytesOf(1), [...Buffer.from(' hi')])
    assert.deepEqual(bytesOf(2), [10])
    assert.equal(bytesOf(3), undefined, 'not in the alphabet')
  })

  it('reads the byte tokens of SentencePiece', () => {
    const bytesOf = createTokenBytes({ model: 'llama', tokens: ['<0xE2>', '▁hi'] })
    assert.deepEqual(bytesOf(0), [0xe2])
    assert.equal(bytesOf(1), undefined)
  })
})

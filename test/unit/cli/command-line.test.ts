import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatBytes } from '../../../src/base/format-bytes.ts'
import { program } from '../../../src/cli/commands.ts'
import { renderHelp } from '../../../src/cli/help.ts'
import { parseWords, select } from '../../../src/cli/parse.ts'
import { type CommandNode, givenBy } from '../../../src/cli/program.ts'
import { createProgressPrinter, formatTable, renderProgress } from '../../../src/cli/terminal.ts'
import { nearest, shownWord } from '../../../src/cli/usage-error.ts'
import { runSettings } from '../../../src/config/settings.ts'

const names = (path: readonly CommandNode[]): string =>
  path
    .slice(1)
    .map(({ name }) => name)
    .join(' ')

function parse(...words: string[]) {
  const { path, words: rest } = select(program, words)
  const command = path.at(-1) ?? program
  return { command: names(path), ...parseWords(command, rest) }
}

describe('which command is meant', () => {
  const cases: readonly (readonly [said: string, command: string, words: readonly string[]])[] = [
    ['', 'run', []],
    ['some-model', 'run', ['some-model']],
    ['--threads 4', 'run', []],
    ['--threads 4 models', 'run', ['models']],
    ['run models', 'run', ['models']],
    ['--log-level debug models list', 'models list', []],
    ['models --log-level debug list', 'models list', []],
    ['models list --log-level=debug', 'models list', []],
    ['models', 'models list', []],
    ['models --json', 'models list', []],
    ['models install a b', 'models install', ['a', 'b']],
    ['-- models', 'run', ['models']],
    ['run -- --threads', 'run', ['--threads']],
  ]
  for (const [said, command, words] of cases) {
    it(`[CLI-PARSE-COMMAND] "local-ai ${said}" is "${command}"`, () => {
      const parsed = parse(...said.split(' ').filter((word) => word !== ''))
      assert.equal(parsed.command, command)
      assert.deepEqual(parsed.words, words)
    })
  }
})

describe('flags', () => {
  const forms: readonly (readonly [said: string, flag: string, texts: readonly string[]])[] = [
    ['--threads=4', '--threads', ['4']],
    ['--threads 4', '--threads', ['4']],
    ['-t 4', '--threads', ['4']],
    ['-t4', '--threads', ['4']],
    ['transcript x -cd', '--diarize', ['true']],
    ['transcript x -cdm ears', '--model', ['ears']],
    ['--f16', '--f16', ['true']],
    ['--f16=no', '--f16', ['no']],
    ['--api-keys a,b --api-keys c', '--api-keys', ['a,b', 'c']],
    ['--p2p-token-file -', '--p2p-token-file', ['-']],
    ['--machine-tag=-x', '--machine-tag', ['-x']],
  ]
  for (const [said, flag, texts] of forms) {
    it(`[CLI-PARSE-FLAG] ${said}`, () => assert.deepEqual(parse(...said.split(' ')).texts.get(flag), texts))
  }

  it('[CLI-PARSE-FLAG] a bare boolean flag does not swallow the word behind it', () => {
    const { texts, words } = parse('run', '--f16', 'a.gguf')
    assert.deepEqual([...texts], [['--f16', ['true']]])
    assert.deepEqual(words, ['a.gguf'])
  })

  it('an alias and the flag it stands for fill the same row', () => {
    const { texts } = parse('--config-file', 'x.yaml', '-t', '3')
    const given = givenBy(texts, runSettings)
    assert.deepEqual(given['modelsConfigFile'], ['x.yaml'])
    assert.deepEqual(given['threads'], ['3'])
    assert.equal(given['address'], undefined)
  })
})

describe('a mistake', () => {
  const mistakes: readonly (readonly [said: string, sentence: string])[] = [
    ['--treads 4', 'unknown flag --treads, did you mean "--threads"?'],
    ['--no-f16', 'unknown flag --no-f16'],
    ['-x', 'unknown flag -x'],
    ['--threads', '--threads: expected int value but got "EOL" (<EOL>)'],
    ['--threads --f16', '--threads: expected int value but got "--f16" (long flag)'],
    ['--address -t', '--address: expected string value but got "-t" (short flag)'],
    ['--api-keys', '--api-keys: missing value, expecting "<arg>,..."'],
    ['models list extra', 'unexpected argument extra'],
    ['models lst --json', 'unexpected argument lst, did you mean "list"?'],
    ['p2p peer --endpoint x', 'unexpected argument peer, did you mean "peers"?'],
    ['tts -m voice', 'expected "<text> ..."'],
    ['transcript -m ears', 'expected "<file>"'],
    ['completion ksh', '<shell> must be one of "bash","zsh","fish" but got "ksh"'],
    ['util', 'expected one of "gguf-info", "create-oci-image", "hf-scan", "usecase-heuristic"'],
    ['util gguf-inf', 'unexpected argument gguf-inf, did you mean "gguf-info"?'],
  ]
  for (const [said, sentence] of mistakes) {
    it(`[CLI-PARSE-MISTAKE] ${said}`, () => {
      assert.throws(
        () => parse(...said.split(' ')),
        (error) => error instanceof Error && error.message.startsWith(sentence),
      )
    })
  }

  it('[CLI-PARSE-SECRET] never repeats what may be a secret in the wrong place', () => {
    const secret = 'c2VjcmV0LXRva2VuLXNlY3JldC10b2tlbi1zZWNyZXQ'
    for (const words of [
      [`--p2ptokn=${secret}`],
      ['--p2ptoken', `-${secret}`],
      ['models', 'list', secret],
      ['models', 'list', `https://user:${secret}@example.org/`],
      ['models', 'list', `sk-${secret.slice(0, 8)}`],
    ]) {
      assert.throws(
        () => parse(...words),
        (error) => error instanceof Error && !error.message.includes(secret.slice(0, 8)),
      )
    }
    assert.equal(shownWord('smollm2-135m-instruct'), 'smollm2-135m-instruct')
    assert.equal(
      shownWord('./folder/some-model-with-a-long-name-of-its-own.gguf'),
      './folder/some-model-with-a-long-name-of-its-own.gguf',
    )
  })

  it('suggests only words that are near', () => {
    assert.equal(nearest('fedrated', ['federated', 'run']), 'federated')
    assert.equal(nearest('rnu', ['federated', 'run']), 'run')
    assert.equal(nearest('xyzzy', ['federated', 'run']), undefined)
  })
})

describe('help', () => {
  const paths = (path: readonly [CommandNode, ...CommandNode[]]): readonly (readonly CommandNode[])[] => [
    path,
    ...(path.at(-1)?.commands ?? []).filter(({ hidden }) => !hidden).flatMap((command) => paths([...path, command])),
  ]

  for (const path of paths([program])) {
    it(`fits a terminal of 80 columns and of 50: ${names(path)}`, () => {
      for (const width of [80, 50]) {
        // What is to be copied is not broken into lines.
        const notes = path.at(-1)?.notes ?? ''
        const lines = renderHelp(path, width).replace(notes, '').split('\n')
        const tooLong = lines.filter((line) => line.length > width && line.trim().includes(' ') && !isVerbatim(line))
        assert.deepEqual(tooLong, [])
      }
    })
  }

  const isVerbatim = (line: string): boolean => /^Usage:|local-ai |^ +(-\w, )?--[^ ]+$|^ +\[?\$?\w+[\],]?$/.test(line)

  it('every command that does something has an example', () => {
    for (const path of paths([program])) {
      const command = path.at(-1)
      if (command?.run !== undefined) assert.ok(command.examples.length > 0, names(path))
    }
  })
})

describe('what is printed', () => {
  it('sizes, tables and bars', () => {
    assert.equal(formatBytes(0), '0 B')
    assert.equal(formatBytes(1536), '1.5 KiB')
    assert.equal(
      formatTable([
        ['a', 'b'],
        ['long', 'c'],
      ]),
      'a     b\nlong  c\n',
    )
    assert.match(
      renderProgress({ what: 'x', current: 50, total: 100, unit: 'steps' }),
      /^x █{12}░{12} {2}50 % {2}50 of 100$/,
    )
    assert.equal(renderProgress({ what: 'x', current: 0, unit: 'bytes' }), 'x')
  })

  it('off a terminal, progress is a line for every tenth part', () => {
    const written: string[] = []
    const printer = createProgressPrinter({
      write: (text: string) => written.push(text),
    } as unknown as NodeJS.WriteStream)
    for (let current = 0; current <= 100; current += 1) printer.show({ what: 'x', current, total: 100, unit: 'bytes' })
    assert.equal(written.length, 11)
  })
})

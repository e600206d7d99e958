import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Command, CommanderError } from 'commander'
import { addSettings, booleanFlags, givenBy, normalizeArguments } from '../../../src/cli/options.ts'
import { createProgressPrinter, formatBytes, formatTable, renderProgress } from '../../../src/cli/terminal.ts'
import { nearest, usageMessage } from '../../../src/cli/usage-error.ts'
import { runSettings } from '../../../src/config/settings.ts'

describe('flags', () => {
  it('a bare boolean flag does not swallow the word behind it', () => {
    const command = new Command()
    addSettings(command, runSettings)
    assert.deepEqual(normalizeArguments(['--f16', 'a.gguf', '--', '--f16'], booleanFlags(command)), [
      '--f16=true',
      'a.gguf',
      '--',
      '--f16',
    ])
  })

  it('an alias and the flag it stands for fill the same row', () => {
    const command = new Command()
    addSettings(command, runSettings)
    command.parse(['--config-file', 'x.yaml', '-t', '3'], { from: 'user' })
    const given = givenBy(command, runSettings)
    assert.deepEqual(given['modelsConfigFile'], ['x.yaml'])
    assert.deepEqual(given['threads'], ['3'])
    assert.equal(given['address'], undefined)
  })
})

describe('a usage error', () => {
  it('suggests the flag that was probably meant', () => {
    const error = new CommanderError(1, 'commander.unknownOption', "error: unknown option '--treads'")
    assert.equal(usageMessage(error, ['--threads', '--f16']), 'unknown flag --treads, did you mean "--threads"?')
    assert.equal(usageMessage(error, ['--zzz']), 'unknown flag --treads')
  })

  it('suggests only words that are near', () => {
    assert.equal(nearest('fedrated', ['federated', 'run']), 'federated')
    assert.equal(nearest('rnu', ['federated', 'run']), 'run')
    assert.equal(nearest('xyzzy', ['federated', 'run']), undefined)
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

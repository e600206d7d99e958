import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { program } from '../../../src/cli/commands.ts'
import { resolveSettings } from '../../../src/config/resolve-settings.ts'
import type { Setting, Table } from '../../../src/config/setting.ts'
import { globalSettings, runSettings } from '../../../src/config/settings.ts'

interface SeedFlag {
  readonly flag: string
  readonly short?: string
  /** The other spelling that LocalAI accepts. */
  readonly alias?: string
  readonly default?: string
  readonly env: readonly string[]
  readonly deprecated?: boolean
}

/** LocalAI's own table of commands and flags. */
const seed = JSON.parse(readFileSync(new URL('../../fixtures/localai-cli.json', import.meta.url), 'utf8')) as {
  readonly commands: readonly string[]
  readonly flags: readonly SeedFlag[]
}
const status = readFileSync(new URL('../../../docs/status.md', import.meta.url), 'utf8')

/** What LocalAI has and this program has not: docs/status.md says why. */
const ABSENT_COMMANDS: readonly string[] = []
const ABSENT_FLAGS: readonly string[] = []

const table: Table = { ...globalSettings, ...runSettings }
const rows: readonly (readonly [name: string, row: Setting<unknown>])[] = Object.entries(table)

describe('the command line of LocalAI', () => {
  for (const name of seed.commands) {
    it(`[CLI-COMMAND-${name.toUpperCase()}] ${name} is there, or known to be absent`, () => {
      const command = program.commands.find((candidate) => candidate.name === name)
      assert.ok(command, 'typing it must not start a server')
      assert.equal(command.absent !== undefined, ABSENT_COMMANDS.includes(name))
      if (command.absent !== undefined) assert.ok(status.includes(name), 'docs/status.md must say so')
    })
  }

  for (const expected of seed.flags) {
    const { flag } = expected
    it(`[CLI-FLAG-${flag.slice(2).toUpperCase()}] ${flag}: spelling, variables, default`, () => {
      const found = rows.find(([, row]) => row.flags.includes(flag))
      if (ABSENT_FLAGS.includes(flag)) {
        assert.equal(found, undefined, 'it is no longer absent')
        assert.ok(status.includes(`\`${flag}\``), 'docs/status.md must say that it is absent')
        return
      }
      assert.ok(found, 'the flag does not exist')
      const [name, row] = found
      assert.equal(row.short, expected.short)
      if (expected.alias !== undefined) assert.ok(row.flags.includes(expected.alias), expected.alias)
      assert.deepEqual(row.env.slice(0, expected.env.length), expected.env)
      assert.equal(row.deprecated !== undefined, expected.deprecated === true)
      checkDefault(expected, name, row)
    })
  }

  it('[CLI-FLAG-USE-SUBTLE-KEY-COMPARISON] takes the variable as the error reference spells it, too', () => {
    const row = rows.find(([, { flags }]) => flags.includes('--use-subtle-key-comparison'))
    assert.ok(row?.[1].env.includes('LOCALAI_SUBTLEKEY_COMPARISON'))
  })
})

/** Without variables the setting is what LocalAI's table says: the default, read as a value from the command line would be. */
function checkDefault(expected: SeedFlag, name: string, row: Setting<unknown>): void {
  const actual = resolveSettings(table, {}, {})[name]
  if (expected.default === undefined) {
    assert.ok(actual === undefined || actual === '' || actual === '[]' || isEmptyList(actual), String(actual))
  } else if (Array.isArray(actual)) {
    const wanted = row.kind.parse(expected.default)
    assert.ok(Array.isArray(wanted) && wanted.every((element) => actual.includes(element)), 'elements are missing')
  } else if (row.kind.placeholder === undefined) {
    assert.equal(actual === true, expected.default === 'true')
  } else {
    assert.deepEqual(actual ?? row.fallbackText, row.kind.parse(expected.default))
  }
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { program } from '../../../src/cli/commands.ts'
import type { CommandNode } from '../../../src/cli/program.ts'

const START = readFileSync(new URL('../../../bin/local-ai.mjs', import.meta.url), 'utf8')

it('[CLI-SECRET-ARGV] what starts the program takes every secret off the command line, into a variable of its flag', () => {
  const all = (command: CommandNode): readonly CommandNode[] => [command, ...command.commands.flatMap(all)]
  const secrets = all(program).flatMap(({ settings }) => Object.values(settings).filter((row) => row.secret === true))
  assert.ok(secrets.length > 0)
  for (const { flags, env } of secrets) {
    for (const flag of flags) assert.ok(START.includes(`'${flag}': '${env[0]}'`), `${flag} is missing`)
  }
})

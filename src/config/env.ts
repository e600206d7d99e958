import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { parse } from 'dotenv'
import type { Environment } from './setting.ts'

/** Read in this order: a variable that an earlier one has set is not changed by a later one. */
export function dotenvFiles(workingDirectory: string): readonly string[] {
  return [
    resolve(workingDirectory, '.env'),
    resolve(workingDirectory, 'localai.env'),
    resolve(homedir(), 'localai.env'),
    resolve(homedir(), '.config', 'localai.env'),
    '/etc/localai.env',
  ]
}

export interface EnvironmentFiles {
  readonly variables: Environment
  /** Files that exist but could not be read: a sentence each. */
  readonly problems: readonly string[]
}

/** The process environment over what the .env files say. Missing files are skipped. */
export function readEnvironment(files: readonly string[], process: Environment): EnvironmentFiles {
  const variables: Record<string, string | undefined> = {}
  const problems: string[] = []
  for (const file of files) {
    try {
      for (const [name, value] of Object.entries(parse(readFileSync(file, 'utf8')))) variables[name] ??= value
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code
      if (code !== 'ENOENT' && code !== 'ENOTDIR') problems.push(`${file} could not be read (${code ?? 'unreadable'})`)
    }
  }
  for (const [name, value] of Object.entries(process)) if (value !== undefined) variables[name] = value
  return { variables, problems }
}

/** The only place that looks at the process environment. */
export function processEnvironment(): EnvironmentFiles {
  return readEnvironment(dotenvFiles(process.cwd()), process.env)
}

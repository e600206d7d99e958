import { readFileSync } from 'node:fs'

let known: string | undefined

/**
 * `v0.1.0`, from package.json beside the code. Read once: it is told several times a second, and a process that has no
 * descriptor left, or whose package is being replaced, still is what it was when it started.
 */
export function version(): string {
  known ??= read()
  return known
}

function read(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return `v${(manifest as { version: string }).version}`
}

/** `v0.1.0 (abcdef0)`; without the commit where there is no git folder, as in the published package. */
export function versionWithCommit(): string {
  const commit = readCommit()
  return commit === undefined ? version() : `${version()} (${commit.slice(0, 7)})`
}

function readCommit(): string | undefined {
  const inGit = (path: string): string => readFileSync(new URL(`../../.git/${path}`, import.meta.url), 'utf8').trim()
  try {
    const head = inGit('HEAD')
    return head.startsWith('ref: ') ? inGit(head.slice('ref: '.length)) : head
  } catch {
    return undefined
  }
}

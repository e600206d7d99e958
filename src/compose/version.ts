import { readFileSync } from 'node:fs'

/** `v0.1.0`, from package.json beside the code. */
export function version(): string {
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

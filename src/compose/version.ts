import { readFileSync } from 'node:fs'

/** `v0.1.0`, from package.json beside the code. */
export function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return `v${(manifest as { version: string }).version}`
}

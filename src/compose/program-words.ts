import type { Environment } from '../config/setting.ts'

/** As this program was started, to be typed on another machine: in a clone and from a package no `local-ai` is on the path. */
export function programWords({ npm_lifecycle_event, npm_command }: Environment): string {
  if (npm_lifecycle_event === 'start') return 'npm start --'
  return npm_command === 'exec' ? 'npx local-ai' : 'local-ai'
}

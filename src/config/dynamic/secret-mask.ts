import { createHash } from 'node:crypto'

const MASK = /^\*{8}[0-9a-f]{8}$/

/** Stands for a secret where it is shown: the same for the same secret, and it does not give it away. */
export function maskSecret(secret: string): string {
  return `********${createHash('sha256').update(`local-ai mask ${secret}`).digest('hex').slice(0, 8)}`
}

export function isMask(text: string): boolean {
  return MASK.test(text)
}

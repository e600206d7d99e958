import { hostname } from 'node:os'
import { AppError } from '../../base/errors.ts'

const MAX_LENGTH = 63

/** The host's name, without what a node name cannot have. */
export function defaultNodeName(host: string = hostname()): string {
  const clean = host
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, MAX_LENGTH)
    .replace(/[^A-Za-z0-9]+$/, '')
  return clean === '' ? 'node' : clean
}

/** Gives the name back. Throws `config.invalid`. */
export function checkNodeName(name: string): string {
  if (name.length <= MAX_LENGTH && /^[A-Za-z0-9._-]+$/.test(name)) return name
  const allowed = `1 to ${MAX_LENGTH} letters, digits, dots, hyphens and underscores`
  throw new AppError('config.invalid', `--node-name must have ${allowed}`)
}

/** Says which node answered. */
export const NODE_HEADER = 'x-localai-node'

/** A node's name may be in any script, a header not. */
export function toHeaderValue(name: string): string {
  return /^[\x20-\x7e]*$/.test(name) ? name : encodeURIComponent(name.toWellFormed())
}

import { extname } from 'node:path'

/** The program of one of our own backends: `.ts` when this runs from source, `.js` when it was compiled. */
export function builtinMain(name: string): URL {
  return new URL(`../builtin/${name}/main${extname(import.meta.url)}`, import.meta.url)
}

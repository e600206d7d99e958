import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const PACKAGE = 'node-llama-cpp'

/**
 * Lets `import 'node-llama-cpp'` find the package in another folder's `node_modules` when it is not among our own: the
 * published program installs it into a cache of its own (docs/decisions/0003).
 */
export function findEngineIn(root: string): void {
  const parentURL = pathToFileURL(join(root, 'package.json')).href
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== PACKAGE && !specifier.startsWith(`${PACKAGE}/`)) return next(specifier, context)
      try {
        return next(specifier, context)
      } catch {
        return next(specifier, { ...context, parentURL })
      }
    },
  })
}

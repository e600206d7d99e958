import { fileURLToPath } from 'node:url'

/** Where the processes of the tests keep what they compiled: hundreds of them would strip and compile the same source. */
export const COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/local-ai-test-code/', import.meta.url))

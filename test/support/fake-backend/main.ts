// Half of the time to start is compiling what was compiled before, and a backend inherits nothing that says where it is.
import { enableCompileCache } from 'node:module'
import { COMPILE_CACHE } from '../compile-cache.ts'

enableCompileCache(COMPILE_CACHE)
await import('./process.ts')

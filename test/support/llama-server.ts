import { homedir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../../src/base/errors.ts'
import { buildLlamaServer, findLlamaServer } from '../../src/gallery/llama-server/build-llama-server.ts'

/** The llama-server program, built when it is not there yet (some minutes, once per machine), or why there is none. */
export async function llamaServerForTests(): Promise<{ readonly binary: string } | { readonly missing: string }> {
  const init = { cacheDir: join(homedir(), '.cache', 'local-ai') }
  try {
    return (await findLlamaServer(init)) ?? (await buildLlamaServer(init))
  } catch (error) {
    const isMissing = error instanceof AppError && /no C\+\+ compiler|git is missing|no llama.cpp/.test(error.message)
    if (!isMissing) throw error
    return { missing: error.message }
  }
}

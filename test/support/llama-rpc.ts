import { homedir } from 'node:os'
import { join } from 'node:path'
import { AppError } from '../../src/base/errors.ts'
import { engineBuildInit } from '../../src/compose/engine-setup.ts'
import { probeBuiltWorker } from '../../src/compose/llama-rpc.ts'
import { buildLlamaRpc } from '../../src/gallery/llama-rpc/build-llama-rpc.ts'
import type { LlamaRpc } from '../../src/workers/worker-process.ts'

/** The worker and the plug-in, built when they are not there yet (ten seconds, once per machine), or why there are none. */
export async function llamaRpcForTests(): Promise<LlamaRpc | { readonly missing: string }> {
  try {
    const init = engineBuildInit({ cachePath: join(homedir(), '.cache', 'local-ai') })
    return await buildLlamaRpc({ ...init, probe: probeBuiltWorker })
  } catch (error) {
    const isMissing =
      error instanceof AppError && /no C\+\+ compiler|git is missing|must be installed/.test(error.message)
    if (!isMissing) throw error
    return { missing: error.message }
  }
}

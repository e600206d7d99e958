import type { LlamaContext } from 'node-llama-cpp'

/** Its word for "no token", which the call that asked is told as an error. */
const NO_TOKEN = -1
/** What a call for a token alone gives: the context's handle for its logits, and the sampler. */
const ARGUMENTS_FOR_TOKEN = 2

/**
 * NOTE: node-llama-cpp lets a token that cannot be sampled (a grammar takes none of those that are left) end the process: the
 * rejection is nobody's, and the call that asked waits for ever. So the native context answers that there is none.
 */
export function catchFailedSampling(context: LlamaContext): void {
  const native: unknown = Reflect.get(context, '_ctx')
  if (typeof native !== 'object' || native === null) return
  const sample: unknown = Reflect.get(native, 'sampleToken')
  if (typeof sample !== 'function') return
  async function sampleToken(...given: readonly unknown[]): Promise<unknown> {
    try {
      return await Reflect.apply(sample as () => unknown, native, given)
    } catch {
      return given.length > ARGUMENTS_FOR_TOKEN ? [NO_TOKEN] : NO_TOKEN
    }
  }
  // Its own property: the prototype's is read-only.
  Reflect.defineProperty(native, 'sampleToken', { value: sampleToken })
}

import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'

const AT_ONCE_BYTES = 256 * 1024

/** Passes so many bytes on as they come, at the pace of who reads them. False: they end before that. */
export async function passBytes(
  { from, to }: { readonly from: ByteReader; readonly to: ByteWriter },
  { count, stallTimeoutMs }: { readonly count: number; readonly stallTimeoutMs?: number | undefined },
): Promise<boolean> {
  for (let rest = count; rest > 0; ) {
    if (from.length === 0 && !(await from.fill(1, stallTimeoutMs))) return false
    const some = from.takeSome(Math.min(rest, AT_ONCE_BYTES))
    to.write(some)
    rest -= some.length
    if (to.full) await to.drained()
  }
  return true
}

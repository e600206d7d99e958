import { raceSignal } from '../../base/signals.ts'

/** The bytes of a member of a tar archive. When the archive breaks off, the rest never comes and nothing says so but the signal. */
export async function* entryContent(entry: AsyncIterable<Buffer>, signal: AbortSignal): AsyncGenerator<Buffer> {
  const chunks = entry[Symbol.asyncIterator]()
  for (;;) {
    const { done, value } = await raceSignal(chunks.next(), signal)
    if (done === true) return
    yield value
  }
}

import type { Logger } from '../../telemetry/logger.ts'
import type { Link } from './link.ts'
import { type OpenedRecord, openRecord, recordId, type SignedRecord } from './record-codec.ts'

/** Undefined when the record is refused; of those the first of each link is worth a line. */
export type RecordOpener = (link: Link, bytes: Uint8Array) => Promise<SignedRecord | undefined>

/** What several members tell at the same time is opened once. */
export function createRecordOpener(log: Pick<Logger, 'debug' | 'warn'>): RecordOpener {
  const blamed = new WeakSet<Link>()
  const opening = new Map<string, Promise<OpenedRecord>>()

  function openOnce(bytes: Uint8Array): Promise<OpenedRecord> {
    const id = recordId(bytes)
    const begun = opening.get(id)
    if (begun !== undefined) return begun
    const opened = openRecord(bytes).finally(() => opening.delete(id))
    opening.set(id, opened)
    return opened
  }
  return async (link, bytes) => {
    const opened = await openOnce(bytes)
    if ('signed' in opened) return opened.signed
    const level = blamed.has(link) ? 'debug' : 'warn'
    blamed.add(link)
    log[level]({ peer: link.peerId, reason: opened.refused }, 'a record was refused')
    return undefined
  }
}

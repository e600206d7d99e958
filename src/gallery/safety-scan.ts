import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import { type AbortOptions, anySignal } from '../base/signals.ts'
import type { HttpClient } from './download/http-client.ts'
import { parseModelUri } from './download/uri.ts'
import type { GalleryFile } from './gallery-entry.ts'

/** Asks the hub what its scanners found in the repositories that files come from; throws when that is something bad. */
export type SafetyScan = (files: readonly GalleryFile[], options: AbortOptions) => Promise<void>

const TIMEOUT_MS = 5000
const MAX_ANSWER_BYTES = 256 * 1024

/** What the hub's scanners say of a repository; `unanswered`: nothing, in time and in JSON. */
export type ScanResult = 'clean' | 'unsafe' | 'unanswered'

interface ScanDeps {
  readonly http: Pick<HttpClient, 'get'>
}

interface ScanInit {
  readonly hubEndpoint: string
  readonly timeoutMs?: number
}

/** Asks the hub about one repository (`owner/name`). */
export function createHubScan({ http }: ScanDeps, { hubEndpoint, timeoutMs = TIMEOUT_MS }: ScanInit) {
  return async function scanRepository(repository: string, options: AbortOptions = {}): Promise<ScanResult> {
    const signal = anySignal(AbortSignal.timeout(timeoutMs), options.signal)
    try {
      const { status, body } = await http.get(`${hubEndpoint}/api/models/${repository}/scan`, {}, { signal })
      const text = await readBounded(body)
      if (status !== 200 || text === undefined) return 'unanswered'
      const answer: unknown = JSON.parse(text)
      if (!isObject(answer)) return 'unanswered'
      return answer['hasUnsafeFile'] === true ? 'unsafe' : 'clean'
    } catch {
      options.signal?.throwIfAborted()
      return 'unanswered'
    }
  }
}

/** A hub that does not answer in time, or not in JSON, has found nothing: as in LocalAI this is a help, not a wall. */
export function createSafetyScan(deps: ScanDeps, init: ScanInit): SafetyScan {
  const scanRepository = createHubScan(deps, init)
  return async (files, options) => {
    const repositories = new Set(files.flatMap(({ sources }) => sources.flatMap(repositoryOf)))
    await Promise.all(
      [...repositories].map(async (repository) => {
        if ((await scanRepository(repository, options)) !== 'unsafe') return
        throw new AppError(
          'download.refused',
          `unsafe files found in ${repository} (--disable-predownload-scan installs it all the same)`,
        )
      }),
    )
  }
}

/** The repository of a source that is on the hub: none or one. */
export function repositoryOf(source: string): string[] {
  const uri = parseModelUri(source)
  return uri.kind === 'hub' ? [`${uri.owner}/${uri.repository}`] : []
}

async function readBounded(body: AsyncIterable<Buffer>): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

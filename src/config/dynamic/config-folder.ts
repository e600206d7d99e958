import { join } from 'node:path'
import { AppError } from '../../base/errors.ts'
import type { Startable } from '../../base/lifecycle.ts'
import { LONGEST_TIMER_MS } from '../../base/longest-timer.ts'
import { type FolderWatch, watchFolder } from '../../base/watch-folder.ts'
import type { Logger } from '../../telemetry/logger.ts'
import { parseJson, readSmallFile } from './bounded-file.ts'

/** One file of the folder, and who wants to know of it. */
export interface WatchedFile {
  readonly name: string
  /** Takes the parsed content, or undefined when the file is not (or no longer) there. Throws `config.invalid`. */
  apply(content: unknown): Promise<void> | void
  /** Told when the file is there and cannot be used; what it says, as far as that could be read. */
  unusable?(text: string | undefined): void
}

export interface ConfigFolder extends Startable {
  /** Looks at all files now. */
  read(): Promise<void>
}

export interface ConfigFolderInit {
  /** There already. */
  readonly folder: string
  readonly files: readonly WatchedFile[]
  /** Beside the events of the system, where those do not come. */
  readonly pollIntervalMs?: number
}

const SHORTEST_POLL_MS = 100

/**
 * The folder whose files take effect while the node runs. A file that cannot be used is a warning with the reason, and
 * what it said before stays; a file that is removed is told as such.
 */
export function createConfigFolder(
  { log }: { readonly log: Pick<Logger, 'warn' | 'info'> },
  init: ConfigFolderInit,
): ConfigFolder {
  const { folder, files, pollIntervalMs } = init
  /** What was last read, good or bad; of a file that could not be read: nothing, so that it counts as new when it can. */
  const seen = new Map<string, string | undefined>()
  const problems = new Map<string, string>()
  let reading = Promise.resolve()
  let folderWatch: FolderWatch | undefined
  let timer: NodeJS.Timeout | undefined

  async function readText(name: string): Promise<string | undefined> {
    try {
      return await readSmallFile(join(folder, name))
    } catch (error) {
      seen.delete(name)
      throw error
    }
  }

  async function readOne({ name, apply, unusable }: WatchedFile): Promise<void> {
    let text: string | undefined
    try {
      text = await readText(name)
      const isChange = seen.has(name) || problems.has(name)
      if (seen.has(name) && seen.get(name) === text) return
      seen.set(name, text)
      await apply(text === undefined ? undefined : parseJson(text))
      problems.delete(name)
      if (isChange) log.info({ file: name, removed: text === undefined }, 'the configuration folder has changed')
    } catch (error) {
      const { message: reason } = AppError.from(error, 'config.invalid')
      if (problems.get(name) !== reason) {
        log.warn({ file: name, reason }, 'a file of the configuration folder cannot be used: what it said before stays')
      }
      problems.set(name, reason)
      unusable?.(text)
    }
  }

  function read(): Promise<void> {
    reading = reading.then(async () => {
      for (const file of files) await readOne(file)
    })
    return reading
  }

  return {
    read,
    async start() {
      // Watched first: what changes while the files are read is not lost.
      folderWatch = watchFolder(folder, {
        matters: (name) => files.some((file) => file.name === name),
        onChange: () => void read(),
        onProblem: (error) =>
          log.warn(
            { err: error, folder },
            'the configuration folder cannot be watched: set --localai-config-dir-poll-interval',
          ),
      })
      if (pollIntervalMs !== undefined && pollIntervalMs > 0) {
        const everyMs = Math.min(Math.max(SHORTEST_POLL_MS, pollIntervalMs), LONGEST_TIMER_MS)
        timer = setInterval(() => void read(), everyMs)
      }
      await read()
    },
    async stop() {
      clearInterval(timer)
      folderWatch?.close()
      folderWatch = undefined
      await reading
    },
  }
}

import { stat } from 'node:fs/promises'
import { AppError } from '../base/errors.ts'
import type { GgufSummary } from './gguf/summarize-gguf.ts'
import { validateGguf } from './gguf/validate-gguf.ts'

/** What a file turned out to be: sound, or broken with the reason. Undefined: there is no such file. */
export type GgufState = { readonly summary: GgufSummary } | { readonly problem: string }

export interface GgufSummaries {
  /** What is known of a file, read again only when it has changed. */
  of(file: string): Promise<GgufState | undefined>
  /** Ends a reading of the folder: forgets the files that it did not ask for. */
  sweep(): void
}

interface Entry {
  readonly stamp: string
  readonly state: GgufState
}

/** Remembers the headers of the models folder, since a vocabulary takes milliseconds to read, and folders are big. */
export function createGgufSummaries(): GgufSummaries {
  let remembered = new Map<string, Entry>()
  let asked = new Map<string, Entry>()
  return {
    async of(file) {
      const info = await stat(file).catch(() => undefined)
      if (info === undefined) return undefined
      const stamp = `${info.ino}:${info.size}:${info.mtimeMs}`
      const known = remembered.get(file)
      // The other parts of a split model are not looked at, so a broken one is always read again.
      const reusable = known?.stamp === stamp && 'summary' in known.state
      const entry = reusable ? known : { stamp, state: await read(file) }
      asked.set(file, entry)
      return entry.state
    },
    sweep() {
      remembered = asked
      asked = new Map()
    },
  }
}

async function read(file: string): Promise<GgufState> {
  try {
    return { summary: await validateGguf(file) }
  } catch (error) {
    return { problem: AppError.from(error, 'internal').message }
  }
}

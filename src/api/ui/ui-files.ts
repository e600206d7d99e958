import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { AppError } from '../../base/errors.ts'

/** A file of the web interface, in memory. */
export interface UiFile {
  readonly type: string
  readonly bytes: Buffer
  /** Compressed, where it was built so. */
  readonly br?: Buffer
  readonly gzip?: Buffer
  /** Of its contents, as `ETag` has it. */
  readonly tag: string
}

export interface UiFiles {
  /** Throws `request.not-found` when the interface was not built. */
  find(name: string): Promise<UiFile | undefined>
}

interface FileList {
  readonly files: readonly { readonly name: string; readonly type: string }[]
}

/**
 * The web interface as `scripts/build-ui.mjs` made it; read when the first browser asks, and kept: it is well below a
 * megabyte. What is not in its list is not served, whatever lies in the folder.
 */
export function openUiFiles(folder = new URL('../../../dist/ui/', import.meta.url)): UiFiles {
  let reading: Promise<ReadonlyMap<string, UiFile>> | undefined
  return {
    async find(name) {
      reading ??= readAll(folder)
      try {
        return (await reading).get(name)
      } catch (cause) {
        // It may be built while the node runs.
        reading = undefined
        throw new AppError('request.not-found', 'the web interface is not built: run node scripts/build-ui.mjs', {
          cause,
        })
      }
    },
  }
}

async function readAll(folder: URL): Promise<ReadonlyMap<string, UiFile>> {
  const { files } = JSON.parse(await readFile(new URL('files.json', folder), 'utf8')) as FileList
  const read = await Promise.all(
    files.map(async ({ name, type }) => ({ name, type, bytes: await readFile(new URL(name, folder)) })),
  )
  const byName = new Map(read.map(({ name, bytes }) => [name, bytes]))
  const whole = read.filter(({ name }) => !/\.(?:br|gz)$/.test(name))
  return new Map(
    whole.map(({ name, type, bytes }) => [
      name,
      { type, bytes, tag: tagOf(bytes), ...compressed(byName.get(`${name}.br`), byName.get(`${name}.gz`)) },
    ]),
  )
}

function compressed(br: Buffer | undefined, gzip: Buffer | undefined): Pick<UiFile, 'br' | 'gzip'> {
  return { ...(br === undefined ? {} : { br }), ...(gzip === undefined ? {} : { gzip }) }
}

function tagOf(bytes: Buffer): string {
  return `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`
}

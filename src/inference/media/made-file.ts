import { rm, stat } from 'node:fs/promises'
import { AppError } from '../../base/errors.ts'
import type { ContentFile, ContentKind, ContentStore } from '../content/content-store.ts'

/**
 * Lets a backend write one new file, and gives it when it is really there. Nothing stays behind when that fails.
 * Throws `backend.failed` when the backend reports success and has written nothing.
 */
export async function madeFile(
  content: ContentStore,
  { kind, ending }: { readonly kind: ContentKind; readonly ending: string },
  write: (path: string) => Promise<void>,
): Promise<ContentFile> {
  const file = await content.newFile(kind, ending)
  try {
    await write(file.path)
    const { size } = await stat(file.path).catch(() => ({ size: 0 }))
    if (size === 0) throw new AppError('backend.failed', 'the backend reports success, and it has written no file')
    return file
  } catch (error) {
    await rm(file.path, { force: true })
    throw error
  }
}

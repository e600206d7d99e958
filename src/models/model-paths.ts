import { createHash } from 'node:crypto'
import { realpath } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path'
import { AppError } from '../base/errors.ts'

/** LocalAI's rule for paths in a configuration: below the models folder, and no tricks. */
export function refuseOutsidePath(path: string): void {
  const outside = path.startsWith('/') || path.startsWith('\\') || isAbsolute(path) || path.includes('..')
  if (outside || path.includes('\0')) throw invalidPath(path)
}

/** Where a configured file (or what will be downloaded from a configured URL) is. Throws `model.config-invalid`. */
export async function fileInModels(modelsPath: string, configured: string): Promise<string> {
  refuseOutsidePath(configured)
  const file = join(modelsPath, localName(configured))
  if (!(await staysInside(modelsPath, file))) throw invalidPath(configured)
  return file
}

/**
 * Whether the folder of a file is below the models folder once all symbolic links are followed. The file itself may be a
 * link to anywhere (whoever put it there meant that file, as in a cache of the Hugging Face hub) and need not exist yet.
 */
async function staysInside(modelsPath: string, file: string): Promise<boolean> {
  const way = relative(await realpath(modelsPath), await realpathOfExisting(dirname(file)))
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** A path is its own name; a URL is known by the last part of its path, as downloads are, and an image by all of its name. */
export function localName(configured: string): string {
  const [, scheme, image = '', member] = IMAGE.exec(configured) ?? []
  if (scheme !== undefined) return imageFileName(scheme.toLowerCase(), image, member)
  if (!/^(?:[a-z][a-z0-9+.-]*:\/\/|github:)/i.test(configured)) return configured
  const name = basename(configured.replace(/[?#].*$/, '').replace(/@[^/]*$/, ''))
  return name === '' ? createHash('md5').update(configured).digest('hex') : name
}

const IMAGE = /^(oci|docker|ocifile|ollama):\/\/([^#]+)(?:#(.+))?$/i

/** LocalAI's names for images, with the ending of what is taken out of them. */
function imageFileName(scheme: string, image: string, member: string | undefined): string {
  if (member !== undefined) return basename(decoded(member))
  const name = scheme === 'ocifile' ? basename(image).replace(/\.(?:tar\.gz|tgz|tar)$/i, '') : image.replace(/@.*$/, '')
  return `${name.replaceAll(/[/:]/g, '__')}.gguf`
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

async function realpathOfExisting(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    const parent = dirname(path)
    if (parent === path) throw error
    return join(await realpathOfExisting(parent), basename(path))
  }
}

function invalidPath(path: string): AppError {
  return new AppError('model.config-invalid', `invalid file path: ${path}`, { details: { path } })
}

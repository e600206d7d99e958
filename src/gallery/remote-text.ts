import { readFile, stat } from 'node:fs/promises'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { HttpClient } from './download/http-client.ts'
import { describeUri, parseModelUri, toDownloadUrl } from './download/uri.ts'

export interface TextRequest {
  /** Any form of URI that leads to a text: packages do not. */
  readonly uri: string
  readonly maxBytes: number
  readonly hubEndpoint: string
  /** Off for what strangers wrote: their index must not make this node read its own disk. */
  readonly allowLocal: boolean
}

/** A small text from a file of this machine or over HTTP, never more of it than `maxBytes`. */
export async function readTextFrom(http: HttpClient, request: TextRequest, options: AbortOptions): Promise<string> {
  const uri = parseModelUri(request.uri)
  switch (uri.kind) {
    case 'http':
    case 'hub':
    case 'github':
      return await http.text(toDownloadUrl(uri, request.hubEndpoint), { ...options, maxBytes: request.maxBytes })
    case 'file':
      if (!request.allowLocal) {
        throw new AppError('download.refused', `${describeUri(uri)}: a remote gallery may not name local files`)
      }
      return await readLocalText(uri.path, request.maxBytes, options)
    case 'npm':
    case 'pypi':
      throw new AppError('download.refused', `${describeUri(uri)}: only model files are taken out of packages`)
    case 'oci':
    case 'ocifile':
    case 'ollama':
      throw new AppError(
        'download.refused',
        `${describeUri(uri)}: an image brings its configuration with its files; name it alone, as a model`,
      )
  }
}

async function readLocalText(path: string, maxBytes: number, { signal }: AbortOptions): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true) throw new AppError('download.failed', `there is no file ${path}`)
  if (found.size > maxBytes) throw new AppError('download.refused', `${path} is larger than ${maxBytes} bytes`)
  return await readFile(path, { encoding: 'utf8', signal })
}

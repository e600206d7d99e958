import type { FastifyReply, FastifyRequest } from 'fastify'
import type { UiFile } from './ui-files.ts'

/** What a browser may keep: a file whose name changes with its contents for ever, others after asking. */
export type Keeping = 'for ever' | 'after asking'

const CACHE_CONTROL = { 'for ever': 'public, max-age=31536000, immutable', 'after asking': 'no-cache' } as const

/** As small as the client takes it, or 304 when it has it. */
export async function sendUiFile(
  { headers }: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  { file, keeping }: { readonly file: UiFile; readonly keeping: Keeping },
): Promise<FastifyReply> {
  reply.header('Cache-Control', CACHE_CONTROL[keeping]).header('ETag', file.tag).header('Vary', 'Accept-Encoding')
  if (hasIt(headers['if-none-match'], file.tag)) return await reply.code(304).send()
  const { bytes, encoding } = smallest(file, String(headers['accept-encoding'] ?? ''))
  if (encoding !== undefined) reply.header('Content-Encoding', encoding)
  return await reply.type(file.type).send(bytes)
}

function hasIt(given: string | undefined, tag: string): boolean {
  return (given ?? '').split(',').some((one) => one.trim().replace(/^W\//, '') === tag)
}

function smallest(
  { bytes, br, gzip }: UiFile,
  accepted: string,
): { readonly bytes: Buffer; readonly encoding?: string } {
  const takes = (name: string): boolean =>
    accepted.split(',').some((one) => {
      const [word = '', ...rest] = one.split(';')
      return word.trim().toLowerCase() === name && !rest.some((part) => /^\s*q=0(?:\.0*)?\s*$/.test(part))
    })
  if (br !== undefined && takes('br')) return { bytes: br, encoding: 'br' }
  if (gzip !== undefined && takes('gzip')) return { bytes: gzip, encoding: 'gzip' }
  return { bytes }
}

import { open, rm } from 'node:fs/promises'
import type { FastifyReply } from 'fastify'
import { AppError } from '../../base/errors.ts'
import type { ContentFile } from '../../inference/content/content-store.ts'
import { findWavSamples } from './wav.ts'

/** What a backend writes is WAV; `pcm` is its samples alone. Everything else would need an encoder. */
export type SoundFormat = 'wav' | 'pcm'

const HEAD_BYTES = 64 * 1024

/** Throws `request.unsupported` for a format that this node cannot make. */
export function soundFormat(wanted: string | null | undefined): SoundFormat {
  const format = (wanted ?? '').toLowerCase()
  if (format === '' || format === 'wav') return 'wav'
  if (format === 'pcm') return 'pcm'
  throw new AppError(
    'request.unsupported',
    `this node makes wav and pcm; ${format.slice(0, 32)} would need ffmpeg, which it does not use`,
    { details: { param: 'response_format' } },
  )
}

/** Sends a sound that was made for this request. Its file has no name any more, and is gone with the answer. */
export async function sendSound(reply: FastifyReply, file: ContentFile, format: SoundFormat): Promise<FastifyReply> {
  const handle = await open(file.path)
  try {
    await rm(file.path, { force: true })
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(HEAD_BYTES), position: 0 })
    const samples = format === 'pcm' ? findWavSamples(buffer.subarray(0, bytesRead)) : { offset: 0, length: size }
    if (samples === undefined) throw new AppError('backend.failed', 'the backend has written no WAV file')
    const { offset } = samples
    const end = Math.min(size, offset + samples.length)
    if (end <= offset) throw new AppError('backend.failed', 'the backend has written a WAV file without samples')
    return reply
      .type(format === 'wav' ? 'audio/wav' : 'audio/pcm')
      .header('Content-Length', end - offset)
      .header('Content-Disposition', `attachment; filename="${file.name.replace(/\.\w+$/, '')}.${format}"`)
      .send(handle.createReadStream({ start: offset, end: end - 1 }))
  } catch (error) {
    await handle.close()
    throw error
  }
}

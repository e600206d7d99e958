import { readFile, rm } from 'node:fs/promises'
import type { FastifyRequest } from 'fastify'
import Type, { type Static } from 'typebox'
import type { ContentFile } from '../../inference/content/content-store.ts'
import { baseUrlOf } from './base-url.ts'

const Picture = Type.Object({
  /** Always null: LocalAI's answers have the key. */
  embedding: Type.Null(),
  index: Type.Integer(),
  url: Type.Optional(Type.String()),
  b64_json: Type.Optional(Type.String()),
})

/** Pictures and videos are answered in one shape. */
export const MadePictures = Type.Object({
  created: Type.Integer(),
  id: Type.String(),
  data: Type.Array(Picture),
  usage: Type.Object({
    prompt_tokens: Type.Integer(),
    completion_tokens: Type.Integer(),
    total_tokens: Type.Integer(),
    input_tokens: Type.Integer(),
    output_tokens: Type.Integer(),
    input_tokens_details: Type.Object({ text_tokens: Type.Integer(), image_tokens: Type.Integer() }),
  }),
})
type MadePictures = Static<typeof MadePictures>

/** No backend counts tokens for pictures. */
const USAGE: MadePictures['usage'] = {
  prompt_tokens: 0,
  completion_tokens: 0,
  total_tokens: 0,
  input_tokens: 0,
  output_tokens: 0,
  input_tokens_details: { text_tokens: 0, image_tokens: 0 },
}

/** As addresses below `folder`, or as the bytes themselves, whose files are not kept then. */
export async function renderPictures(
  request: FastifyRequest,
  files: readonly ContentFile[],
  { folder, base64 }: { readonly folder: string; readonly base64: boolean },
): Promise<MadePictures> {
  const base = baseUrlOf(request)
  const data: MadePictures['data'] = []
  for (const [index, { name, path }] of files.entries()) {
    const place = { embedding: null, index }
    data.push(base64 ? { ...place, b64_json: await takeBase64(path) } : { ...place, url: `${base}${folder}/${name}` })
  }
  return { created: Math.floor(request.stamp.createdUnixMs / 1000), id: request.id, data, usage: USAGE }
}

async function takeBase64(path: string): Promise<string> {
  const text = await readFile(path, 'base64')
  await rm(path, { force: true })
  return text
}

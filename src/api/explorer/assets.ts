import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FastifyPluginAsync } from 'fastify'

/** The few files of the explorer's pages, in memory. */
export interface ExplorerAssets {
  /** Changes when one of them does. */
  readonly version: string
  readonly files: ReadonlyMap<string, { readonly type: string; readonly content: Buffer }>
}

const FOLDER = new URL('../../../assets/explorer/', import.meta.url)
const TYPES: Readonly<Record<string, string>> = {
  'explorer.css': 'text/css; charset=utf-8',
  'explorer.mjs': 'text/javascript; charset=utf-8',
  'favicon.svg': 'image/svg+xml',
}

export async function loadAssets(): Promise<ExplorerAssets> {
  const entries = await Promise.all(
    Object.entries(TYPES).map(
      async ([name, type]) => [name, { type, content: await readFile(new URL(name, FOLDER)) }] as const,
    ),
  )
  const hash = createHash('sha256')
  for (const [, { content }] of entries) hash.update(content)
  return { version: hash.digest('hex').slice(0, 12), files: new Map(entries) }
}

/** With the version in the address a file never changes. */
export const assetRoutes: FastifyPluginAsync<{ readonly assets: ExplorerAssets }> = async (app, { assets }) => {
  for (const [name, { type, content }] of assets.files) {
    const urls = name === 'favicon.svg' ? ['/favicon.svg', '/static/favicon.svg'] : [`/static/${name}`]
    for (const url of urls) {
      app.get(url, async (request, reply) => {
        const isPinned = request.url.includes(`?v=${assets.version}`)
        reply.header('Cache-Control', isPinned ? 'public, max-age=31536000, immutable' : 'public, max-age=300')
        return await reply.type(type).send(content)
      })
    }
  }
}

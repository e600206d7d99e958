import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'
import { prefixOf } from '../media/base-url.ts'
import { sendUiFile } from './send-ui-file.ts'
import { openUiFiles, type UiFile, type UiFiles } from './ui-files.ts'

/** Everything comes from this node, nothing that stands in a page is run, and no other page is around it. */
const POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' data: blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const BASE_MARK = '{{base}}'
const tags = ['ui']
const config = { access: 'public' } as const
const html = Type.Unknown({ contentMediaType: 'text/html', description: 'the page' })
const anyFile = Type.Unknown({ contentMediaType: 'application/octet-stream', description: 'the file' })
const AssetParams = Type.Object({ file: Type.String({ minLength: 1, maxLength: 128 }) })

/** Where older releases of LocalAI had their pages. */
const OLD_PATHS = /^\/(?:browse|chat|image|text2image|tts|talk|p2p|login)(?=\/|$)/
const MOVED: Readonly<Record<string, string>> = { browse: '', text2image: '/image' }

/**
 * The web interface: one page, which draws whatever its path says, and the files that it is made of. Who asks is not
 * looked at: nothing of it is about this node but its name for the program.
 */
export const uiPages: FastifyPluginAsyncTypebox<{ readonly files: UiFiles }> = async (app, { files }) => {
  const aboutPage = { tags, summary: 'The web interface', response: { 200: html } }
  for (const url of ['/app', '/app/*']) {
    app.get(url, { schema: aboutPage, config }, async (request, reply) => await sendPage(files, request, reply))
  }

  const aboutRoot = { tags, summary: 'Leads to the web interface', response: { 301: Type.Null() } }
  app.get('/', { schema: aboutRoot, config }, async (request, reply) => await redirect(request, reply, '/app'))

  app.get(
    '/assets/:file',
    {
      schema: {
        tags,
        summary: 'What the web interface is made of',
        params: AssetParams,
        response: { 200: anyFile },
      },
      config,
    },
    async (request, reply) => {
      const { file: name } = request.params
      const file = name === 'index.html' ? undefined : await files.find(name)
      if (file === undefined) throw new AppError('request.not-found', 'Resource not found')
      await sendUiFile(request, reply, { file, keeping: 'for ever' })
    },
  )

  app.get(
    '/favicon.svg',
    { schema: { tags, summary: 'The sign of the web interface', response: { 200: anyFile } }, config },
    async (request, reply) => {
      const file = await files.find('favicon.svg')
      if (file === undefined) throw new AppError('request.not-found', 'Resource not found')
      await sendUiFile(request, reply, { file, keeping: 'after asking' })
    },
  )
}

/**
 * Adds the web interface. A browser that asks for a path which nothing answers gets the page as well, as LocalAI does it;
 * programs get the error. To be added before it is decided who may ask.
 */
export function addUiPages(app: FastifyInstance, files: UiFiles = openUiFiles()): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404 || request.method !== 'GET' || !isBrowser(request)) return
    const [path = ''] = request.url.split('?', 1)
    const old = OLD_PATHS.exec(path)?.[0]
    if (old === undefined || old === '/login') return await sendPage(files, request, reply)
    const rest = path.slice(old.length)
    return await redirect(request, reply, `/app${MOVED[old.slice(1)] ?? old}${rest}`)
  })
  app.register(uiPages, { files })
}

function isBrowser({ headers }: FastifyRequest): boolean {
  return String(headers.accept ?? '').includes('text/html')
}

async function redirect(request: FastifyRequest, reply: FastifyReply, path: string): Promise<FastifyReply> {
  // What a browser keeps for ever would outlive the interface.
  reply.header('Cache-Control', 'no-cache')
  return await reply.redirect(`${prefixOf(request)}${path.slice(1)}`, 301)
}

async function sendPage(files: UiFiles, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const page = await files.find('index.html')
  if (page === undefined) throw new AppError('request.not-found', 'Resource not found')
  reply.header('Content-Security-Policy', POLICY).header('X-Frame-Options', 'DENY')
  reply.header('Referrer-Policy', 'same-origin')
  return await sendUiFile(request, reply, { file: withBase(page, baseOf(request.url)), keeping: 'after asking' })
}

/** The way from the page to the root, whatever a proxy puts before the path: `/app/p2p` -> `../`. */
function baseOf(url: string): string {
  const [path = ''] = url.split('?', 1)
  const depth = path.split('/').length - 2
  return depth > 0 ? '../'.repeat(depth) : './'
}

function withBase({ type, bytes, tag }: UiFile, base: string): UiFile {
  const depth = base === './' ? 0 : base.length / 3
  return { type, bytes: Buffer.from(bytes.toString().replace(BASE_MARK, base)), tag: `${tag.slice(0, -1)}-${depth}"` }
}

import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { AppError } from '../../base/errors.ts'

export interface SwaggerDeps {
  /** The OpenAPI document of this node. */
  readonly document: () => Promise<object>
}

const tags = ['system']

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>local-ai API</title>
<link rel="stylesheet" href="swagger-ui.css">
<link rel="icon" type="image/png" href="favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<script src="swagger-ui-bundle.js"></script>
<script src="start.js"></script>
</body>
</html>
`

const START = `window.ui = SwaggerUIBundle({ url: 'doc.json', dom_id: '#swagger-ui', deepLinking: true, validatorUrl: null })
`

/** Everything comes from this node, and nothing that stands in the page itself is run. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ')

const ASSETS = new Set(['swagger-ui.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'])
const FileParams = Type.Object({ file: Type.String({ minLength: 1, maxLength: 64 }) })

/** The document of the API, and a page to read it and to try the API. Nothing of it is loaded before somebody asks. */
export const swaggerRoutes: FastifyPluginAsyncTypebox<SwaggerDeps> = async (app, { document }) => {
  let text: Promise<string> | undefined
  const documentText = (): Promise<string> => {
    text ??= document().then((made) => JSON.stringify(made))
    return text
  }
  await app.register(fastifyStatic, { root: import.meta.dirname, serve: false })

  const json = Type.Unknown({ contentMediaType: 'application/json', description: 'OpenAPI 3.1' })
  const aboutDocument = { tags, summary: 'This document', response: { 200: json } }
  for (const url of ['/swagger/doc.json', '/openapi.json']) {
    app.get(url, { schema: aboutDocument }, async (_request, reply) => {
      const content = await documentText()
      return await reply
        .type('application/json; charset=utf-8')
        .serializer(String)
        .send(content as never)
    })
  }

  const page = Type.Unknown({ contentMediaType: 'text/html', description: 'the page' })
  const aboutPage = { tags, summary: 'A page to read this document', response: { 200: page, 302: Type.Null() } }
  for (const url of ['/swagger', '/swagger/index.html']) {
    app.get(url, { schema: aboutPage }, async (request, reply) => {
      // The page names its files as neighbours, so that it works behind a proxy that adds a prefix.
      const [path = ''] = request.url.split('?', 1)
      if (path.endsWith('/swagger')) return await reply.redirect('swagger/')
      reply.header('Content-Security-Policy', POLICY)
      return await reply.type('text/html; charset=utf-8').send(PAGE)
    })
  }

  const aboutFiles = {
    tags,
    summary: 'What the page is made of',
    params: FileParams,
    response: { 200: Type.Unknown({ contentMediaType: 'application/octet-stream', description: 'the file' }) },
  }
  app.get('/swagger/:file', { schema: aboutFiles }, async (request, reply) => {
    const { file } = request.params
    if (file === 'start.js') return await reply.type('text/javascript; charset=utf-8').send(START)
    if (!ASSETS.has(file)) throw new AppError('request.not-found', 'Resource not found')
    return await reply.sendFile(file, assetsFolder(), { cacheControl: false })
  })
}

function assetsFolder(): string {
  return join(dirname(fileURLToPath(import.meta.resolve('@fastify/swagger-ui'))), 'static')
}

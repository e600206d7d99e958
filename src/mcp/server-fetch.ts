import { AppError } from '../base/errors.ts'

export type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>

/**
 * Fetches from one server and nowhere else: the address is the operator's, so it may be a private one, but no redirect
 * and no answer leads away from it. A message of the server is bounded.
 */
export function createServerFetch(
  { fetch }: { readonly fetch: Fetch },
  init: {
    readonly url: string
    readonly maxMessageBytes: number
    /** Nothing more can be made of the connection. */
    readonly onTooLarge: () => void
  },
): Fetch {
  const { origin } = new URL(init.url)
  return async (given, options) => {
    const url = new URL(given)
    if (url.origin !== origin) throw new AppError('mcp.failed', 'the server sends its clients to another one')
    const response = await fetch(url, { ...options, redirect: 'manual' })
    if (response.body === null) return response
    const stream = response.headers.get('content-type')?.startsWith('text/event-stream') === true
    const { status, statusText, headers } = response
    const body = response.body.pipeThrough(limitMessages(init, stream))
    return new Response(body, { status, statusText, headers })
  }
}

/** In an event stream, which may go on for days, an empty line ends a message. */
function limitMessages(
  { maxMessageBytes, onTooLarge }: { readonly maxMessageBytes: number; readonly onTooLarge: () => void },
  stream: boolean,
): TransformStream<Uint8Array, Uint8Array> {
  let size = 0
  let tail = Buffer.alloc(0)
  return new TransformStream({
    transform(chunk, controller) {
      const bytes = Buffer.concat([tail, chunk])
      const end = stream ? Math.max(bytes.lastIndexOf('\n\n'), bytes.lastIndexOf('\r\n\r\n')) : -1
      size = end === -1 ? size + chunk.length : bytes.length - end
      tail = bytes.subarray(-3)
      if (size <= maxMessageBytes) return controller.enqueue(chunk)
      controller.error(new AppError('mcp.failed', `a message of the server is larger than ${maxMessageBytes} bytes`))
      onTooLarge()
    },
  })
}

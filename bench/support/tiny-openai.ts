import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { paced, repliesOf, toScript } from '../../test/support/fake-backend/behaviour.ts'
import { SMALL_ANSWER } from './small-answer.ts'

/**
 * The cheapest server that looks like a node: a chat whose message is a script gets that script's events, any other a
 * short answer. What a way to it costs shows undiluted.
 */
export function createTinyOpenAi(): Server {
  const server = createServer({ noDelay: true }, (request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 60_000
  return server
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  const { messages } = JSON.parse(text) as { messages: readonly { content: string }[] }
  const content = messages.at(-1)?.content ?? ''
  if (!content.startsWith('{')) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(SMALL_ANSWER) })
    response.end(SMALL_ANSWER)
    return
  }
  const script = toScript(content)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for await (const reply of paced(repliesOf(script), script.everyMs)) {
    if (response.destroyed) return
    if (!response.write(eventOf(String(reply['message'])))) {
      await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
  }
  response.end('data: [DONE]\n\n')
}

/** As long as the events of a node are. */
function eventOf(text: string): string {
  return `data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"bench","choices":[{"index":0,"delta":{"content":"${text}"},"finish_reason":null}]}\n\n`
}

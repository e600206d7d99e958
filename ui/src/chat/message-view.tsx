import { Button } from '../components/button.tsx'
import { CopyButton } from '../components/copy-button.tsx'
import { Link } from '../components/link.tsx'
import { Badge, Problem } from '../components/parts.tsx'
import { formatCount, formatMs } from '../format.ts'
import { type RequestSummary, requests } from '../live.ts'
import { Markdown } from '../markdown.tsx'
import { requestPath } from '../requests/request-words.ts'
import type { ToolCallPiece } from './answer-piece.ts'
import type { Message } from './conversation.ts'

export interface MessageViewProps {
  readonly message: Message
  /** It grows. */
  readonly running: boolean
  /** Present for the last answer. */
  readonly onRegenerate: (() => void) | undefined
}

export function MessageView({ message, running, onRegenerate }: MessageViewProps) {
  const { role, text, reasoning, toolCalls = [], error, stopped, cut, model } = message
  if (role === 'user') {
    return (
      <article class="message user" aria-label="You">
        <p>{text}</p>
      </article>
    )
  }
  const isThinking = running && text === ''
  return (
    <article class="message assistant" aria-label={model ?? 'Answer'} aria-busy={running}>
      {reasoning === undefined ? null : (
        <details class="reasoning" open={isThinking}>
          <summary>{isThinking ? 'Thinking …' : 'Thoughts'}</summary>
          <p>{reasoning}</p>
        </details>
      )}
      {text === '' ? null : <Markdown text={text} />}
      {isThinking && reasoning === undefined ? <Waiting /> : null}
      {toolCalls.map((call) => (
        <ToolCall key={call.index} call={call} />
      ))}
      {error === undefined ? null : <Problem>{error}</Problem>}
      <footer class="message-foot">
        {stopped === true ? <Badge tone="warn">stopped</Badge> : null}
        {cut === true ? <Badge tone="warn">cut off at the most tokens</Badge> : null}
        <Facts message={message} />
        {running ? null : (
          <span class="actions">
            {text === '' ? null : <CopyButton text={() => text} />}
            {onRegenerate === undefined ? null : (
              <Button small icon="refresh" onClick={onRegenerate}>
                Again
              </Button>
            )}
          </span>
        )}
      </footer>
    </article>
  )
}

function Waiting() {
  return (
    <p class="loading">
      <span class="spinner" aria-hidden="true" /> Waiting for the first token …
    </p>
  )
}

function ToolCall({ call }: { readonly call: ToolCallPiece }) {
  return (
    <details class="reasoning" open>
      <summary>
        Wants to call <code>{call.name}</code>
      </summary>
      <pre>{indented(call.arguments)}</pre>
    </details>
  )
}

/** Who answered, and how fast. */
function Facts({ message }: { readonly message: Message }) {
  const { model, tokens, firstTokenMs, tokensPerSecond, requestId } = message
  // Known as long as the node remembers it, to those who may see its requests.
  const request = requestId === undefined ? undefined : requests.value.find(({ id }) => id === requestId)
  const node = whoAnswered(message, request)
  const facts = [
    model,
    node === undefined ? undefined : `answered by ${node}`,
    firstTokenMs === undefined ? undefined : `first token after ${formatMs(firstTokenMs)}`,
    tokens === undefined ? undefined : formatCount(tokens, 'token'),
    tokensPerSecond === undefined ? undefined : `${tokensPerSecond.toFixed(1)} tokens/s`,
  ]
  return (
    <span class="facts">
      {facts.filter((fact) => fact !== undefined).join(' · ')}
      {request === undefined ? null : (
        <>
          {' · '}
          <Link to={requestPath(request)}>its way</Link>
        </>
      )}
    </span>
  )
}

/** The answer itself says who began it; when that node was lost, the list of requests says who went on. */
function whoAnswered({ node }: Message, request: RequestSummary | undefined): string | undefined {
  if (request === undefined || request.seams === 0 || request.state !== 'ended') return node
  const last = request.to === 'local' ? 'this node' : request.node?.name
  return last === undefined || last === node ? node : `${node ?? 'another node'}, then ${last}`
}

function indented(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json), null, 2)
  } catch {
    // It has not all come yet, or is no JSON.
    return json
  }
}

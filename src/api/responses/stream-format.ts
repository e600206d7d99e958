import type { AppError } from '../../base/errors.ts'
import { type EventText, type ResponseEvent, toEventText } from '../../responses/events.ts'
import type { LiveResponse } from '../../responses/live-response.ts'
import type { EventStreamFormat } from '../sse.ts'
import { describeFailure } from './errors.ts'

/** Ends every stream of this dialect, also one that failed. */
const DONE = 'data: [DONE]\n\n'

/** A response told while it is being made. */
export function liveFormat(live: LiveResponse): EventStreamFormat<ResponseEvent> {
  return {
    opening: live.opening().map(renderEvent).join(''),
    render: renderEvent,
    fail: (error) => live.fail(error).map(renderEvent).join(''),
    handedOn: live.discard,
    closing: () => DONE,
  }
}

/** Events that were kept. */
export function replayFormat(requestId: string): EventStreamFormat<EventText> {
  return {
    opening: '',
    render: renderText,
    fail: (error) => renderError(error, requestId),
    closing: () => DONE,
  }
}

/** The end of a stream whose node was lost: nobody knows which number its last event had. */
export function brokenStream(error: AppError, requestId: string): string {
  return renderError(error, requestId) + DONE
}

function renderEvent(event: ResponseEvent): string {
  return renderText(toEventText(event))
}

function renderText({ type, json }: EventText): string {
  return `event: ${type}\ndata: ${json}\n\n`
}

function renderError(error: AppError, requestId: string): string {
  return `event: error\ndata: ${JSON.stringify({ type: 'error', error: describeFailure(error, requestId) })}\n\n`
}

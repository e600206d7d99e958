/** A longer event is no event of this node. */
const LONGEST = 4 * 1024 ** 2

/** The `data` of each server-sent event of an answer, until it ends. */
export async function* readEvents(response: Response): AsyncGenerator<string, void> {
  if (response.body === null) return
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      rest += value
      const events = rest.split(/\r?\n\r?\n/)
      rest = events.pop() ?? ''
      if (rest.length > LONGEST) throw new Error('The answer is not readable: an event has no end.')
      for (const event of events) {
        const data = dataOf(event)
        if (data !== '') yield data
      }
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

function dataOf(event: string): string {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'))
  return lines.map((line) => line.slice(5).replace(/^ /, '')).join('\n')
}

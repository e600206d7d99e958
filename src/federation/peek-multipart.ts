/** Parts that are looked at. */
const MAX_PARTS = 256

/** Longest head of a part. */
const MAX_HEAD_BYTES = 4096

/** Longest value that is given. */
const MAX_VALUE_BYTES = 4096

const LINE_END = '\r\n'
const HEAD_END = '\r\n\r\n'
const END_MARK = '--'

/** RFC 2046 section 5.1.1: 1 to 70 characters, quoted when they are not those of a token. */
const BOUNDARY = /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s;"]{1,70}))/i

/** The delimiter of a form's parts, from the content type; undefined when it is no form. */
export function boundaryOf(contentType: string): string | undefined {
  const match = BOUNDARY.exec(contentType)
  return match?.[1] ?? match?.[2]
}

/**
 * The first field called `name` of a form (RFC 7578), files not counted. Undefined when there is none, when it is longer
 * than 4 KiB, and when the form is broken before it. The contents of other parts are stepped over, not read.
 */
export function formField(bytes: Buffer, boundary: string, name: string): string | undefined {
  const delimiter = Buffer.from(`${LINE_END}${END_MARK}${boundary}`, 'latin1')
  const isField = fieldPattern(name)
  let at = startOf(bytes, delimiter)
  for (let part = 0; at !== -1 && part < MAX_PARTS; part += 1) {
    // Behind the delimiter: the end mark, or the end of the line (with it, a head may be empty).
    const lineEnd = bytes.indexOf(LINE_END, at, 'latin1')
    if (lineEnd === -1 || bytes.toString('latin1', at, at + END_MARK.length) === END_MARK) return undefined
    const head = bytes.subarray(lineEnd, lineEnd + MAX_HEAD_BYTES)
    const headLength = head.indexOf(HEAD_END, 0, 'latin1')
    if (headLength === -1) return undefined
    const valueAt = lineEnd + headLength + HEAD_END.length
    const end = bytes.indexOf(delimiter, valueAt - LINE_END.length)
    if (end === -1) return undefined
    if (isField(head.toString('utf8', 0, headLength))) {
      return end - valueAt > MAX_VALUE_BYTES ? undefined : bytes.toString('utf8', valueAt, Math.max(valueAt, end))
    }
    at = end + delimiter.length
  }
  return undefined
}

/** Behind the first delimiter, which needs no line end before it when nothing else is before it. */
function startOf(bytes: Buffer, delimiter: Buffer): number {
  const bare = delimiter.subarray(LINE_END.length)
  if (bytes.subarray(0, bare.length).equals(bare)) return bare.length
  const found = bytes.indexOf(delimiter)
  return found === -1 ? -1 : found + delimiter.length
}

function fieldPattern(name: string): (head: string) => boolean {
  const disposition = /\r\ncontent-disposition:[ \t]*form-data([^\r\n]*)/i
  const named = new RegExp(`;\\s*name=(?:"${name}"|${name}\\s*(?:;|$))`, 'i')
  return (head) => {
    const parameters = disposition.exec(head)?.[1]
    return parameters !== undefined && named.test(parameters) && !/;\s*filename\*?=/i.test(parameters)
  }
}

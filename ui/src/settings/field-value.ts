/** What a setting's field holds: a switch, or a text that stands for a number, a list or some JSON. */
export type FieldValue = boolean | string

export function toField(value: unknown): FieldValue {
  if (typeof value === 'boolean') return value
  if (Array.isArray(value)) return isLines(value) ? value.join('\n') : JSON.stringify(value, null, 2)
  return value === null || value === undefined ? '' : String(value)
}

/**
 * What was typed, on top of what somebody else has saved meanwhile; undefined when only one of the two can be. Of a list,
 * the lines that were added and taken away are.
 */
export function rebase(
  field: FieldValue,
  { before, now }: { readonly before: unknown; readonly now: unknown },
): FieldValue | undefined {
  if (toField(now) === toField(before) || toField(now) === field) return field
  if (typeof field === 'boolean' || !isLines(before) || !isLines(now)) return undefined
  const lines = linesIn(field)
  const kept = now.filter((line) => lines.includes(line) || !before.includes(line))
  return [...kept, ...lines.filter((line) => !before.includes(line) && !kept.includes(line))].join('\n')
}

/** Without the empty ones. */
export function linesIn(text: string): readonly string[] {
  const lines = text.split('\n').map((line) => line.trim())
  return lines.filter((line) => line !== '')
}

function isLines(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

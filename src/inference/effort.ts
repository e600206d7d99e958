/** Efforts that ask a model not to think; how much it thinks otherwise is the affair of its chat template. */
const NO_EFFORT: ReadonlySet<string> = new Set(['none', 'minimal'])

/** What a wish for more or less thinking (OpenAI's `reasoning_effort`) is to a backend: metadata. Nothing, where there is none. Pure. */
export function effortMetadata(effort: string | null | undefined): Readonly<Record<string, string>> {
  if (effort === undefined || effort === null || effort === '') return {}
  return { reasoning_effort: effort, ...(NO_EFFORT.has(effort) ? { enable_thinking: 'false' } : {}) }
}

/** The tags around what a model thinks before it answers. */
export interface ThoughtTags {
  readonly open: string
  readonly close: string
}

const think: ThoughtTags = { open: '<think>', close: '</think>' }
const knownTags: readonly ThoughtTags[] = [
  think,
  { open: '<thinking>', close: '</thinking>' },
  { open: '<seed:think>', close: '</seed:think>' },
  { open: '[THINK]', close: '[/THINK]' },
  { open: '<|START_THINKING|>', close: '<|END_THINKING|>' },
  { open: '<|inner_prefix|>', close: '<|inner_suffix|>' },
]

/** The tags a template knows; every model may use `<think>`, which many were taught behind their template's back. */
export function thoughtTagsOf(template: string): readonly ThoughtTags[] {
  const used = knownTags.filter(({ close }) => template.includes(close))
  return used.includes(think) ? used : [...used, think]
}

/** The tags that a prompt leaves open: the answer begins in the middle of a thought. */
export function openThoughts(prompt: string, tags: readonly ThoughtTags[]): ThoughtTags | undefined {
  const end = prompt.trimEnd()
  return tags.find(({ open }) => end.endsWith(open))
}

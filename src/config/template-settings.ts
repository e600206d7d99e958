import { bool, setting } from './setting.ts'

/** How models are understood that say little of themselves. */
export const templateSettings = {
  disableGuessing: setting({
    flags: ['--disable-guessing'],
    env: ['LOCALAI_DISABLE_GUESSING'],
    fallback: false,
    help: 'Take nothing from a GGUF file that its YAML does not say: name, context size, chat template, use cases',
    group: 'Models',
    kind: bool,
  }),
} as const

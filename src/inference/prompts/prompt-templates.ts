import type { PromptConfig, TemplateKey } from '../../models/prompt-config.ts'
import { compileTemplate, type Template } from '../../templates/template.ts'

/** The template for a purpose, ready to be rendered; undefined when the model has none. Throws `model.config-invalid`. */
export type PromptTemplates = (key: TemplateKey) => Template | undefined

/** A reading of the models folder makes new objects, so that what belongs to the old ones goes with them. */
const compiled = new WeakMap<PromptConfig, Map<TemplateKey, Template>>()

export function templatesOf(prompts: PromptConfig): PromptTemplates {
  const known = compiled.get(prompts) ?? new Map<TemplateKey, Template>()
  compiled.set(prompts, known)
  return (key) => {
    const written = prompts.templates[key]
    if (written === undefined) return undefined
    const template = known.get(key) ?? compileTemplate(written.name, written.text)
    known.set(key, template)
    return template
  }
}

import type { ModelConfig } from '../../models/model-config.ts'
import type { CompletionRequest } from '../request.ts'
import { templatesOf } from './prompt-templates.ts'
import { promptData } from './template-data.ts'

/** The prompt of a text to go on with or to change, by `template.completion` or `template.edit` if there are. */
export function textPrompt({ prompt, edit }: CompletionRequest, config: ModelConfig): string {
  const { prompts, systemPrompt = '' } = config
  if (prompts === undefined) return prompt
  const template = templatesOf(prompts)(edit === undefined ? 'completion' : 'edit')
  if (template === undefined) return prompt
  const { input, instruction } = edit ?? { input: prompt, instruction: '' }
  return template.render(promptData({ systemPrompt, input, instruction }))
}

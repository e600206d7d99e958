import { AppError } from '../base/errors.ts'
import type { ModelConfig } from '../models/model-config.ts'
import { compilePattern } from '../templates/regex/pattern.ts'
import { compileTemplate } from '../templates/template.ts'

/** What is wrong with the templates and regular expressions of a model, in sentences; each is otherwise met by a request. */
export function wrongWords({ prompts, tools, edits }: ModelConfig): readonly string[] {
  const templates = Object.values(prompts?.templates ?? {}).map(
    ({ name, text }) =>
      () =>
        compileTemplate(name, text),
  )
  const patterns = [
    ...(tools?.responsePatterns ?? []),
    ...(tools?.jsonPatterns ?? []),
    ...(tools?.argumentPatterns ?? []),
    ...(tools?.capturePatterns ?? []),
    ...[...(tools?.replaceInCalls ?? []), ...(tools?.replaceInAnswer ?? [])].map(({ pattern }) => pattern),
    ...(edits?.cut ?? []),
    ...(edits?.extract ?? []),
  ].map((source) => () => compilePattern(source))
  return [...templates, ...patterns].flatMap(faultOf)
}

function faultOf(compile: () => unknown): readonly string[] {
  try {
    compile()
    return []
  } catch (error) {
    return [AppError.from(error, 'model.config-invalid').message]
  }
}

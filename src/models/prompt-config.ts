import type { ModelFile } from './config-schema.ts'
import { given, isOn, text, texts } from './yaml-values.ts'

/** A template, and what to call it when it is wrong: the key it stands under, or its file. */
export interface TemplateText {
  readonly name: string
  readonly text: string
}

export type TemplateKey = 'chat' | 'chat_message' | 'completion' | 'edit' | 'function'
export type TemplateTexts = Readonly<Partial<Record<TemplateKey, TemplateText>>>

/** How prompts are made (`template`, `roles`): model-config.md, section 5. */
export interface PromptConfig {
  /** Who puts a conversation into one text: the backend, with the model's own chat template, or the node, with these. */
  readonly style: 'tokenizer' | 'templates'
  readonly templates: TemplateTexts
  /** Text in front of a message, by role. */
  readonly roles: Readonly<Record<string, string>>
  /** Between two messages. */
  readonly joint: string
  /** Put in front of every answer. */
  readonly replyPrefix?: string
}

export interface Replacement {
  readonly pattern: string
  readonly replacement: string
}

/** How tools are told to the model and its calls are read (`function`): section 6. */
export interface ToolConfig {
  /** The function that stands for "answer in text"; absent: there is none. */
  readonly noAction?: { readonly name: string; readonly description: string }
  readonly nameKey: string
  readonly argumentsKey: string
  readonly responsePatterns: readonly string[]
  readonly jsonPatterns: readonly string[]
  readonly argumentPatterns: readonly string[]
  readonly argumentKeyGroup: string
  readonly argumentValueGroup: string
  readonly replaceInCalls: readonly Replacement[]
  readonly replaceInAnswer: readonly Replacement[]
  readonly capturePatterns: readonly string[]
  /** Absent: no grammar is made of the tools. */
  readonly grammar?: ToolGrammarConfig
}

export interface ToolGrammarConfig {
  /** Several calls in a JSON list. */
  readonly parallel: boolean
  /** Text may stand in front of a call, or instead of one. */
  readonly mixed: boolean
  /** In mixed mode, text alone is no answer. */
  readonly callNeeded: boolean
  readonly textAfterCall: boolean
  readonly prefix: string
  readonly argumentsFirst: boolean
  readonly form: 'json' | 'llama3.1'
}

/** How thoughts are told from what is said (`reasoning`): section 7. */
export interface ReasoningConfig {
  readonly prefill: boolean
  /** Thoughts are taken out of the answer and not shown. */
  readonly drop: boolean
  readonly startTokens: readonly string[]
  readonly tags: readonly { readonly start: string; readonly end: string }[]
}

/** What is done to every answer's text. */
export interface TextEdits {
  readonly cut: readonly string[]
  readonly extract: readonly string[]
  readonly trimPrefixes: readonly string[]
  readonly trimSuffixes: readonly string[]
}

/** `guesses`: a model without templates of its own has one in its file. */
export function toPromptConfig(file: ModelFile, templates: TemplateTexts, guesses: boolean): PromptConfig {
  const block = file.template ?? {}
  const own = templates.chat !== undefined || templates.chat_message !== undefined
  const byBackend = isOn(block.use_tokenizer_template) === true || (!own && guesses)
  return {
    style: byBackend ? 'tokenizer' : 'templates',
    templates,
    roles: Object.fromEntries(Object.entries(file.roles ?? {}).map(([role, words]) => [role, String(words)])),
    joint: String(block.join_chat_messages_by_character ?? '\n'),
    ...given('replyPrefix', text(block.reply_prefix)),
  }
}

export function toToolConfig(block: NonNullable<ModelFile['function']> = {}): ToolConfig {
  const noAction = {
    name: text(block.no_action_function_name) ?? 'answer',
    description: text(block.no_action_description_name) ?? 'use this action to answer without performing any action',
  }
  return {
    ...(isOn(block.disable_no_action) === true ? {} : { noAction }),
    nameKey: text(block.function_name_key) ?? 'name',
    argumentsKey: text(block.function_arguments_key) ?? 'arguments',
    responsePatterns: texts(block.response_regex),
    jsonPatterns: texts(block.json_regex_match),
    argumentPatterns: texts(block.argument_regex),
    argumentKeyGroup: text(block.argument_regex_key_name) ?? 'key',
    argumentValueGroup: text(block.argument_regex_value_name) ?? 'value',
    replaceInCalls: replacements(block.replace_function_results),
    replaceInAnswer: replacements(block.replace_llm_results),
    capturePatterns: texts(block.capture_llm_results),
    ...(isOn(block.grammar?.disable) === true ? {} : { grammar: toToolGrammar(block.grammar) }),
  }
}

type GrammarBlock = NonNullable<NonNullable<ModelFile['function']>['grammar']>

function toToolGrammar(block: GrammarBlock = {}): ToolGrammarConfig {
  const order = (text(block.properties_order) ?? '').split(',').map((key) => key.trim())
  const [nameAt, argumentsAt] = [order.indexOf('name'), order.indexOf('arguments')]
  return {
    parallel: isOn(block.parallel_calls) ?? false,
    mixed: isOn(block.mixed_mode) ?? false,
    callNeeded: isOn(block.no_mixed_free_string) ?? false,
    textAfterCall: isOn(block.expect_strings_after_json) ?? false,
    prefix: text(block.prefix) ?? '',
    argumentsFirst: nameAt >= 0 && argumentsAt >= 0 && argumentsAt < nameAt,
    form: text(block.schema_type) === 'llama3.1' ? 'llama3.1' : 'json',
  }
}

type Replacements = NonNullable<NonNullable<ModelFile['function']>['replace_llm_results']>

function replacements(list: Replacements = []): readonly Replacement[] {
  return list.map(({ key, value }) => ({ pattern: String(key), replacement: String(value ?? '') }))
}

export function toReasoningConfig(block: NonNullable<ModelFile['reasoning']> = {}): ReasoningConfig {
  return {
    prefill: isOn(block.disable_reasoning_tag_prefill) !== true,
    drop: isOn(block.strip_reasoning_only) ?? false,
    startTokens: texts(block.thinking_start_tokens).filter((token) => token !== ''),
    tags: (block.tag_pairs ?? [])
      .map(({ start, end }) => ({ start: String(start), end: String(end) }))
      .filter(({ start, end }) => start !== '' && end !== ''),
  }
}

export function toTextEdits(file: ModelFile): TextEdits | undefined {
  const edits = {
    cut: texts(file.cutstrings),
    extract: texts(file.extract_regex),
    trimPrefixes: texts(file.trimspace),
    trimSuffixes: texts(file.trimsuffix),
  }
  return Object.values(edits).every((list) => list.length === 0) ? undefined : edits
}

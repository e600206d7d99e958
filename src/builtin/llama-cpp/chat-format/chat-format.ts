import { randomBytes } from 'node:crypto'
import { AppError } from '../../../base/errors.ts'
import type { JsonObject } from '../../../base/json.ts'
import {
  answerOrCallsGbnf,
  grammarOrCallsGbnf,
  type ThoughtsForm,
  toolCallGbnf,
} from '../../../grammar/tool-call-gbnf.ts'
import { channelThoughts, finalChannel, hasChannels } from './channels.ts'
import { describeTools, withoutToolTurns } from './fallback-tools.ts'
import { createOutputParser } from './output-parser.ts'
import { compileTemplate, systemClock, type TemplateClock } from './template-engine.ts'
import {
  toTemplateMessages,
  toTemplateTools,
  withKnownRoles,
  withoutSystemRole,
  withSystemText,
} from './template-messages.ts'
import { probeTemplate } from './template-traits.ts'
import { openThoughts, type ThoughtTags, thoughtTagsOf } from './thoughts.ts'
import { hermesSyntax, toolSyntaxOf } from './tool-syntax.ts'

/** One turn of the conversation. An assistant's calls carry their arguments as JSON text. */
export interface ChatTurn {
  readonly role: string
  readonly content: string
  readonly name?: string
  readonly toolCallId?: string
  readonly reasoning?: string
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
}

export interface ChatTool {
  readonly name: string
  readonly description?: string
  /** JSON schema of the arguments. */
  readonly parameters?: JsonObject
  /**
   * Forced calls (`required`, or a name) are held to their schemas anyway. Where the model is free to call or not, all calls
   * are as soon as one tool is strict; but those of Llama 3 and on channels, which begin like any other answer, are not.
   */
  readonly strict?: boolean
}

export interface ChatFormatInput {
  readonly messages: readonly ChatTurn[]
  readonly tools: readonly ChatTool[]
  /** `none`: the model is not told of the tools. `required` and a name: a grammar makes it call exactly one. */
  readonly toolChoice: 'auto' | 'none' | 'required' | { readonly name: string }
  /** Absent: it may. Of no effect on models that have no switch for it. */
  readonly enableThinking?: boolean
  /** Variables of the template, by name. What the conversation itself says cannot be said here. */
  readonly templateValues?: Readonly<Record<string, unknown>>
  /**
   * The caller's own grammar (GBNF) for the answer: no thoughts come first. Where the model is free to call tools, it may do
   * that instead; on channels, and for a grammar that only llama.cpp can read, it may not.
   */
  readonly answerGrammar?: string
  /** Calls get an empty id: whoever asked knows better ones. */
  readonly leavesCallIds?: boolean
}

/** What one chat request becomes for an engine. */
export interface RenderedChat {
  readonly prompt: string
  /** GBNF. */
  readonly grammar?: string
  /** What ends the turn in this format, for models that do not have it as their end-of-generation token. */
  readonly stop: readonly string[]
  /** For this one answer. */
  readonly parser: OutputParser
}

export type ChatDelta =
  | { readonly type: 'content'; readonly text: string }
  | { readonly type: 'reasoning'; readonly text: string }
  | { readonly type: 'tool-call-start'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: 'tool-call-arguments'; readonly index: number; readonly text: string }

/**
 * Takes one answer apart while it is being written. The joined deltas do not depend on how the text was cut into pieces,
 * and no text is lost: what begins like a call and is none comes out as content.
 */
export interface OutputParser {
  push(text: string): ChatDelta[]
  /** Once, when the answer has ended. */
  finish(): ChatDelta[]
  sawToolCall(): boolean
}

/** How to talk with one model. */
export interface ChatFormat {
  /** The template has tools in a syntax that is read here. Without them, tools still work, described in a system prompt. */
  readonly supportsTools: boolean
  readonly supportsThinking: boolean
  readonly toolSyntax: string
  /**
   * @throws AppError `request.invalid` when the template refuses the conversation (with its words), or a tool is
   * chosen that is not there; `model.file-invalid` when the template itself fails.
   */
  render(input: ChatFormatInput): RenderedChat
}

export interface ChatFormatDeps {
  readonly clock?: TemplateClock
  readonly newCallId?: () => string
}

/** For models without a template of their own. */
export const CHATML_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}" +
  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"

const callIdAlphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'

function randomCallId(): string {
  return `call_${Array.from(randomBytes(24), (byte) => callIdAlphabet.charAt(byte % callIdAlphabet.length)).join('')}`
}

/** @throws AppError `model.file-invalid` for a template that does not compile. */
export function createChatFormat(
  model: { readonly template: string; readonly bosToken: string; readonly eosToken: string },
  { clock = systemClock, newCallId = randomCallId }: ChatFormatDeps = {},
): ChatFormat {
  const template = compileTemplate(model.template, clock)
  const tokens = { bos_token: model.bosToken, eos_token: model.eosToken }
  const traits = probeTemplate(template, tokens)
  const nativeSyntax = traits.tools ? toolSyntaxOf(model.template) : undefined
  const syntax = nativeSyntax ?? hermesSyntax
  const channels = hasChannels(model.template)
  const thoughtTags = channels ? [channelThoughts] : thoughtTagsOf(model.template)
  // On channels, what ends a message does not end the turn.
  const stop = traits.endOfTurn === undefined || channels ? [] : [traits.endOfTurn]

  const mayThink = channels || traits.thinkingSwitch || thoughtTags.some(({ close }) => model.template.includes(close))

  function renderPrompt({ messages, tools, enableThinking = true, templateValues }: ChatFormatInput): string {
    const isNative = nativeSyntax !== undefined
    const turns = isNative ? withKnownRoles(messages) : withToolsAsText(messages, tools)
    const variables = {
      ...tokens,
      messages: toTemplateMessages(traits.systemRole ? turns : withoutSystemRole(turns), traits),
      tools: isNative && tools.length > 0 ? toTemplateTools(tools, traits) : traits.noTools,
      add_generation_prompt: true,
      enable_thinking: enableThinking,
    }
    if (templateValues === undefined) return template.render(variables)
    return blamingValues(() => template.render({ ...templateValues, ...variables }))
  }

  /** The prompt, taken to where the answer proper begins. */
  function toAnswer(prompt: string, open: ThoughtTags | undefined): string {
    if (channels) return prompt + finalChannel
    return open === undefined ? prompt : `${prompt.trimEnd()}\n${open.close}\n\n`
  }

  /** Whether and how thoughts come before a call that a grammar forces. */
  function thoughtsForm(open: ThoughtTags | undefined, enableThinking: boolean): ThoughtsForm | undefined {
    const tags = open ?? (mayThink && enableThinking ? thoughtTags[0] : undefined)
    return tags && { ...tags, isOpen: open !== undefined, blanksAfter: !channels }
  }

  /** For an answer that may have calls. */
  function strictGrammar(tools: readonly ChatTool[], thoughts: ThoughtsForm | undefined): string | undefined {
    if (!tools.some(({ strict }) => strict === true)) return undefined
    return answerOrCallsGbnf(
      tools.map((tool) => syntax.form(tool)),
      syntax.openers,
      thoughts,
    )
  }

  /** How an answer is held to the caller's grammar, and read, that may call these tools instead. */
  function heldAnswer(
    answer: string,
    { tools, newCallId }: { readonly tools: readonly ChatTool[]; readonly newCallId: () => string },
  ): Pick<RenderedChat, 'grammar' | 'parser'> {
    const forms = channels ? [] : tools.map((tool) => syntax.form(tool))
    const grammar = forms.length === 0 ? undefined : grammarOrCallsGbnf(answer, forms)
    const known = grammar === undefined ? {} : { tools: { syntax, list: tools } }
    return { grammar: grammar ?? answer, parser: createOutputParser({ thoughtTags: [], ...known, newCallId }) }
  }

  return {
    supportsTools: nativeSyntax !== undefined,
    supportsThinking: mayThink,
    toolSyntax: syntax.name,
    render(asked) {
      const input = { ...asked, tools: asked.toolChoice === 'none' ? [] : asked.tools }
      const chosen = chosenTools(input)
      const rendered = renderPrompt(input)
      const open = openThoughts(rendered, thoughtTags)
      const newId = asked.leavesCallIds === true ? () => '' : newCallId
      const { answerGrammar } = asked
      if (answerGrammar !== undefined) {
        const tools = chosen.length > 0 ? [] : input.tools
        return { prompt: toAnswer(rendered, open), stop, ...heldAnswer(answerGrammar, { tools, newCallId: newId }) }
      }
      const thoughts = thoughtsForm(open, asked.enableThinking ?? true)
      const forms = chosen.map((tool) => syntax.form(tool))
      const grammar = forms.length === 0 ? strictGrammar(input.tools, thoughts) : toolCallGbnf(forms, thoughts)
      return {
        prompt: rendered,
        ...(grammar === undefined ? {} : { grammar }),
        stop,
        parser: createOutputParser({
          thoughtTags,
          channels,
          ...(open === undefined ? {} : { openThoughts: open }),
          ...(input.tools.length === 0 ? {} : { tools: { syntax, list: input.tools } }),
          newCallId: newId,
        }),
      }
    },
  }
}

function withToolsAsText(messages: readonly ChatTurn[], tools: readonly ChatTool[]): readonly ChatTurn[] {
  const turns = withoutToolTurns(withKnownRoles(messages))
  return tools.length === 0 ? turns : withSystemText(turns, describeTools(tools))
}

/** The tools of which one must be called; none when the model is free to answer. */
function chosenTools({ tools, toolChoice }: ChatFormatInput): readonly ChatTool[] {
  if (toolChoice === 'auto' || toolChoice === 'none') return []
  const chosen = toolChoice === 'required' ? tools : tools.filter(({ name }) => name === toolChoice.name)
  if (chosen.length > 0) return chosen
  const what = toolChoice === 'required' ? '"required" needs tools' : 'it names a function that is not among the tools'
  throw new AppError('request.invalid', `tool_choice: ${what}`)
}

/** A template that renders without the caller's values, and fails with them, is not what is broken. */
function blamingValues(render: () => string): string {
  try {
    return render()
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'model.file-invalid') throw error
    throw new AppError('request.invalid', `chat_template_kwargs: ${error.message}`, { cause: error })
  }
}

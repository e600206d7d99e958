import Type from 'typebox'
import { BLOCK, Switch, Text, Texts } from './yaml-types.ts'

/** `template`: how prompts are made. */
export const TemplateBlock = Type.Object(
  {
    chat: Type.Optional(Text),
    chat_message: Type.Optional(Text),
    completion: Type.Optional(Text),
    edit: Type.Optional(Text),
    function: Type.Optional(Text),
    use_tokenizer_template: Type.Optional(Switch),
    join_chat_messages_by_character: Type.Optional(Text),
    reply_prefix: Type.Optional(Text),
  },
  BLOCK,
)

const Replacements = Type.Array(Type.Object({ key: Text, value: Type.Optional(Text) }, BLOCK), {
  maxItems: 100,
  description: 'a list of at most 100 blocks with key and value',
})
const Patterns = Type.Array(Text, { maxItems: 100, description: 'a list of at most 100 regular expressions' })

/** `function`: how tools are told to the model and its calls are read. */
export const FunctionBlock = Type.Object(
  {
    disable_no_action: Type.Optional(Switch),
    no_action_function_name: Type.Optional(Text),
    no_action_description_name: Type.Optional(Text),
    function_name_key: Type.Optional(Text),
    function_arguments_key: Type.Optional(Text),
    response_regex: Type.Optional(Patterns),
    json_regex_match: Type.Optional(Patterns),
    argument_regex: Type.Optional(Patterns),
    argument_regex_key_name: Type.Optional(Text),
    argument_regex_value_name: Type.Optional(Text),
    replace_function_results: Type.Optional(Replacements),
    replace_llm_results: Type.Optional(Replacements),
    capture_llm_results: Type.Optional(Patterns),
    grammar: Type.Optional(
      Type.Object(
        {
          disable: Type.Optional(Switch),
          parallel_calls: Type.Optional(Switch),
          mixed_mode: Type.Optional(Switch),
          no_mixed_free_string: Type.Optional(Switch),
          prefix: Type.Optional(Text),
          expect_strings_after_json: Type.Optional(Switch),
          properties_order: Type.Optional(Text),
          schema_type: Type.Optional(Text),
          triggers: Type.Optional(
            Type.Array(Type.Object({ word: Text }, BLOCK), {
              maxItems: 100,
              description: 'a list of at most 100 blocks with word',
            }),
          ),
        },
        BLOCK,
      ),
    ),
  },
  BLOCK,
)

/** `chat_template_kwargs`. */
export const TemplateValues = Type.Record(Type.String(), Type.Unknown(), {
  maxProperties: 64,
  description: 'a block of at most 64 values for the chat template',
})

/** `reasoning`: what is thought, and what is said. */
export const ReasoningBlock = Type.Object(
  {
    disable: Type.Optional(Switch),
    disable_reasoning_tag_prefill: Type.Optional(Switch),
    strip_reasoning_only: Type.Optional(Switch),
    thinking_start_tokens: Type.Optional(Texts),
    tag_pairs: Type.Optional(
      Type.Array(Type.Object({ start: Text, end: Text }, BLOCK), {
        maxItems: 100,
        description: 'a list of at most 100 blocks with start and end',
      }),
    ),
  },
  BLOCK,
)

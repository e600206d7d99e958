import { AppError } from '../../../base/errors.ts'
import { formatBytes } from '../../../base/format-bytes.ts'
import type { GgufDescription } from '../../../compose/describe-gguf.ts'
import { bool, setting } from '../../../config/setting.ts'
import { json, printJson } from '../../listing.ts'
import type { CommandDefinition } from '../../program.ts'
import { formatTable } from '../../terminal.ts'

const settings = {
  header: setting({
    flags: ['--header'],
    env: [],
    fallback: false,
    help: 'Print every key of the header',
    group: 'Output',
    kind: bool,
  }),
  json,
} as const

export const ggufInfoCommand: CommandDefinition<typeof settings> = {
  name: 'gguf-info',
  argument: '[FILE]',
  argumentHelp: 'a GGUF file; of a split model, its first part',
  argumentCompletes: 'path',
  summary: 'Show what a GGUF file says of itself: architecture, tokenizer, context, chat template',
  settings,
  examples: [
    ['local-ai util gguf-info models/model.gguf', 'what the node knows of a model before it loads it'],
    ['local-ai util gguf-info --header --json model.gguf', 'every key, for scripts'],
  ],
  async run({ settings, arguments: [file] }) {
    if (file === undefined) throw new AppError('request.invalid', 'no GGUF file provided')
    const { describeGguf } = await import('../../../compose/describe-gguf.ts')
    const { metadata, ...description } = await describeGguf(file)
    if (settings.json) {
      printJson(settings.header ? { ...description, metadata } : description)
      return
    }
    const keys = Object.entries(metadata).map(([key, value]) => [key, oneLine(value)])
    process.stdout.write(formatTable(settings.header ? keys : rowsOf(description)))
  },
}

function rowsOf({ file, summary, tokenizer }: Omit<GgufDescription, 'metadata'>): readonly (readonly string[])[] {
  const facts: readonly (readonly [what: string, value: string | number | undefined])[] = [
    ['file', file],
    ['kind', summary.kind],
    ['name', summary.name],
    ['architecture', summary.architecture],
    ['quantization', summary.quantization],
    ['parameters', summary.parameterCount],
    ['size', formatBytes(summary.sizeBytes)],
    ['context length', summary.contextLength],
    ['layers', summary.blockCount],
    ['embedding length', summary.embeddingLength],
    ['vocabulary', summary.vocabularySize],
    ['tokenizer', tokenizer.model],
    ['pre-tokenizer', tokenizer.pre],
    ['BOS token', tokenizer.bosTokenId],
    ['EOS token', tokenizer.eosTokenId],
    ['pooling', summary.pooling],
    ['chat template', summary.chatTemplate],
  ]
  return facts.flatMap(([what, value]) => (value === undefined ? [] : [[what, oneLine(value)]]))
}

/** A file can hold anything, also what would write elsewhere on a terminal. */
function oneLine(value: unknown): string {
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
  return text.replaceAll('\n', '\\n').replace(/[\p{Cc}\p{Bidi_Control}]/gu, '')
}

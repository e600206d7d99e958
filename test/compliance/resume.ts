import assert from 'node:assert/strict'
import { it } from 'node:test'
import { AppError } from '../../src/base/errors.ts'
import type { Engine } from '../../src/builtin/llama-cpp/engine.ts'
import { jsonSchemaToGbnf } from '../../src/grammar/json-schema-to-gbnf.ts'
import type { PredictOptions } from '../../src/grpc/generated/backend/PredictOptions.ts'
import { weatherTool } from '../support/chat-fixtures.ts'
import { type SeenAnswer, seenAnswer, THINKING_TEMPLATE } from './resume-answers.ts'

export interface ResumeCase {
  readonly name: string
  /** Knows its answers, or random weights. */
  readonly model: 'chat' | 'random'
  readonly request: PredictOptions
  readonly template?: string
}

const CAPITAL = '<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n'

function chat(question: string, more: PredictOptions = {}): PredictOptions {
  return { UseTokenizerTemplate: true, Messages: [{ role: 'user', content: question }], Tokens: 96, ...more }
}

function tools(...list: readonly object[]): string {
  return JSON.stringify(list.map((tool) => ({ type: 'function', function: tool })))
}

const SHORT_TOOL = {
  name: 'plan',
  parameters: {
    type: 'object',
    properties: {
      days: { type: 'integer', minimum: 1, maximum: 30 },
      by: { type: 'string', enum: ['train', 'boat'] },
      stops: { type: 'array', items: { type: 'string', maxLength: 4 }, maxItems: 2 },
    },
    required: ['days', 'by', 'stops'],
  },
}

const PERSON = jsonSchemaToGbnf({
  type: 'object',
  properties: { name: { type: 'string', maxLength: 12 }, age: { type: 'integer', minimum: 0, maximum: 150 } },
  required: ['name', 'age'],
  additionalProperties: false,
})

export const RESUME_CASES: readonly ResumeCase[] = [
  { name: 'a completion', model: 'chat', request: { Prompt: CAPITAL, Tokens: 40 } },
  { name: 'a completion of random weights', model: 'random', request: { Prompt: 'The node joins', Tokens: 48 } },
  { name: 'a chat', model: 'chat', request: chat('Tell me a story.') },
  { name: 'thoughts', model: 'random', request: chat('Why?', { Tokens: 32 }), template: THINKING_TEMPLATE },
  {
    name: 'a tool call that the model makes',
    model: 'chat',
    request: chat('What is the weather in Oslo?', { Tools: tools(weatherTool) }),
  },
  {
    name: 'a tool call that a grammar forces',
    model: 'chat',
    request: chat('Plan.', { Tools: tools(SHORT_TOOL), ToolChoice: 'required', Tokens: 100 }),
  },
  {
    name: 'a forced tool call behind thoughts',
    model: 'chat',
    request: chat('Oslo?', { Tools: tools(weatherTool), ToolChoice: 'get_weather', Tokens: 80 }),
    template: THINKING_TEMPLATE,
  },
  { name: 'a JSON schema', model: 'random', request: chat('Who?', { Grammar: PERSON, Tokens: 120 }) },
  {
    name: 'a stop string over several tokens',
    model: 'chat',
    request: { Prompt: CAPITAL, StopPrompts: ['nowhere', 'ital of Fr'] },
  },
  {
    name: 'text held back for a stop string that does not come',
    model: 'chat',
    request: { Prompt: CAPITAL, StopPrompts: ['capital of Frankfurt'], Logprobs: 1, TopLogprobs: 1 },
  },
  {
    name: 'log probabilities',
    model: 'random',
    request: chat('How?', { Tokens: 12, Logprobs: 1, TopLogprobs: 3 }),
  },
  {
    name: 'log probabilities under a grammar',
    model: 'random',
    request: { Prompt: 'A', Tokens: 24, Grammar: 'root ::= [a-f]{4} " é" [a-f]+ "."', Logprobs: 1, TopLogprobs: 2 },
  },
  {
    name: 'characters of several bytes',
    model: 'random',
    request: { Prompt: 'A', Tokens: 60, Grammar: 'root ::= "é€😀ß" [α-ω]{3} "日本" [!-~]{2}', Logprobs: 1 },
  },
  { name: 'a limit', model: 'chat', request: { Prompt: CAPITAL, Tokens: 5 } },
  {
    name: 'a limit inside a character',
    model: 'random',
    request: { Prompt: 'A', Tokens: 3, Grammar: 'root ::= "a😀"' },
  },
  { name: 'a full context', model: 'random', request: { Prompt: 'x '.repeat(240), IgnoreEOS: true } },
  {
    name: 'penalties',
    model: 'random',
    request: {
      Prompt: 'A token is',
      Tokens: 32,
      Penalty: 1.4,
      FrequencyPenalty: 0.6,
      PresencePenalty: 0.4,
      Repeat: 16,
    },
  },
]

/** Where an answer may be cut: a reply is told whole or not at all. At both ends, and in between. */
function cuts({ replies }: SeenAnswer): readonly number[] {
  let told = 0
  const ends = replies.map((reply) => {
    told += reply.generated.length
    return told
  })
  const all = [...new Set([0, ...ends])]
  const wanted = [0, 1, 2, Math.floor(all.length / 2), all.length - 3, all.length - 2, all.length - 1]
  return [...new Set(wanted.map((index) => all[index]))].filter((cut) => cut !== undefined)
}

/** What was told is repeated to the last digit; what is computed anew differs in them, as in any two batches. */
function assertSame(again: SeenAnswer, whole: SeenAnswer, message: string): void {
  assert.deepEqual(withoutLogprobs(again), withoutLogprobs(whole), message)
  const [numbers, wanted] = [logprobsOf(again), logprobsOf(whole)]
  assert.equal(numbers.length, wanted.length, message)
  for (const [index, number] of numbers.entries()) {
    assert.ok(Math.abs(number - (wanted[index] ?? Number.NaN)) < LOGPROB_TOLERANCE, message)
  }
}

function withoutLogprobs({ replies, trailers }: SeenAnswer) {
  const without = (json: Buffer): string => json.toString().replace(LOGPROB, '')
  return {
    trailers,
    replies: replies.map((reply) => ({
      ...reply,
      logprobs: without(reply.logprobs),
      generated: reply.generated.map(({ id, logprobs }) => ({ id, logprobs: without(logprobs) })),
    })),
  }
}

function logprobsOf({ replies }: SeenAnswer): readonly number[] {
  const entries = replies.flatMap((reply) => [reply.logprobs, ...reply.generated.map(({ logprobs }) => logprobs)])
  return entries.flatMap((json) => [...json.toString().matchAll(LOGPROB)].map(([, number]) => Number(number)))
}

function entriesOf({ replies }: SeenAnswer): readonly string[] {
  return replies.flatMap((reply) => reply.generated).map(({ logprobs }) => logprobs.toString())
}

const LOGPROB = /"logprob":([-\d.e]+)/g
const LOGPROB_TOLERANCE = 1e-3

/** An answer is resumed from any of its tokens, and looks as if nothing had happened. */
export function resumeTests(engines: () => Readonly<Record<ResumeCase['model'], Engine>>): void {
  const answer = async ({ model, request, template }: ResumeCase, more: PredictOptions = {}): Promise<SeenAnswer> =>
    await seenAnswer(engines()[model], { ...request, ...more }, template)

  for (const resumed of RESUME_CASES) {
    it(`resumes ${resumed.name}`, async () => {
      const whole = await answer(resumed, { ReportGenerated: true })
      const tokens = whole.replies.flatMap((reply) => reply.generated)
      assert.ok(tokens.length > 0)
      for (const cut of cuts(whole)) {
        const again = await answer(resumed, { ReportGenerated: true, Resume: tokens.slice(0, cut) })
        assertSame(again, whole, `after ${cut} of ${tokens.length} tokens`)
        assert.deepEqual(entriesOf(again).slice(0, cut), entriesOf(whole).slice(0, cut))
      }
    })
  }
  it('tells every token, before anything is made of it', async () => {
    const [plain] = RESUME_CASES
    assert.ok(plain !== undefined)
    const { replies } = await answer(plain, { ReportGenerated: true })
    let told = 0
    for (const reply of replies) {
      told += reply.generated.length
      assert.equal(told, reply.tokens)
    }
    const ids = replies.flatMap((reply) => reply.generated).map((token) => token.id)
    assert.equal(await engines().chat.detokenize(ids), 'Paris is the capital of France.<|im_end|>')
  })
  it('says nothing of tokens that nobody asked for', async () => {
    for (const each of RESUME_CASES.slice(0, 3)) {
      const { replies } = await answer(each)
      assert.ok(replies.every((reply) => reply.generated.length === 0 && reply !== undefined))
      assert.deepEqual(
        replies.map((reply) => reply.message.toString()),
        (await answer(each, { ReportGenerated: true })).replies.map((reply) => reply.message.toString()).filter(isSaid),
      )
    }
  })
  it('refuses to resume from what is no token, too much, or against the grammar', async () => {
    const [plain] = RESUME_CASES
    assert.ok(plain !== undefined)
    const refused = async (
      Resume: PredictOptions['Resume'],
      code: string,
      more: PredictOptions = {},
    ): Promise<void> => {
      await assert.rejects(answer(plain, { ...more, Resume: Resume ?? [] }), (error) => {
        return error instanceof AppError && error.code === code
      })
    }
    await refused([{ id: 576 }], 'request.invalid')
    await refused([{ id: -2 }], 'request.invalid')
    await refused([{ id: -1 }], 'request.unsupported')
    await refused(
      Array.from({ length: 513 }, () => ({ id: 70 })),
      'request.invalid',
    )
    await refused([{ id: 70, logprobs: Buffer.from('{"token":1}') }], 'request.invalid', { Logprobs: 1 })
    await refused([{ id: 70 }], 'request.unsupported', { Grammar: 'root ::= "#"' })
  })
}

function isSaid(text: string, index: number, all: readonly string[]): boolean {
  return text !== '' || index === all.length - 1
}

// ex.json -> examples.bin, tokenized with the vocabulary of the GGUF that the command line names. What the assistant
// says weighs 1 and the rest 0.02: nobody can predict the questions.
import { readFileSync, writeFileSync } from 'node:fs'
import { getLlama } from 'node-llama-cpp'

const BEGIN = '<|im_start|>assistant\n'
const END = '<|im_end|>'

const llama = await getLlama({ gpu: false, logLevel: 'error', build: 'never', maxThreads: 1 })
const model = await llama.loadModel({ modelPath: process.argv[2], vocabOnly: true })

/** The conversation as tokens, each with its weight. Tokens never span the border between two speakers. */
function weightedTokens(conversation) {
  const tokens = []
  const weights = []
  const add = (text, weight) => {
    for (const token of model.tokenize(text, true)) {
      tokens.push(token)
      weights.push(weight)
    }
  }
  let rest = conversation
  while (rest.length > 0) {
    const answer = rest.indexOf(BEGIN)
    if (answer < 0) {
      add(rest, 0.02)
      break
    }
    const answerStart = answer + BEGIN.length
    const answerEnd = rest.indexOf(END, answerStart) + END.length
    add(rest.slice(0, answerStart), 0.02)
    add(rest.slice(answerStart, answerEnd), 1)
    rest = rest.slice(answerEnd)
  }
  return { tokens, weights }
}

function encode({ tokens, weights }) {
  const record = Buffer.alloc(4 + 8 * tokens.length)
  record.writeInt32LE(tokens.length)
  for (const [index, token] of tokens.entries()) {
    record.writeInt32LE(token, 4 + 4 * index)
    record.writeFloatLE(weights[index], 4 + 4 * tokens.length + 4 * index)
  }
  return record
}

const conversations = JSON.parse(readFileSync('ex.json', 'utf8'))
const examples = conversations.map(weightedTokens)
for (const [index, { tokens }] of examples.entries()) {
  if (model.tokenize(conversations[index], true).join() === tokens.join()) continue
  process.stderr.write(`tokenization differs at a border: ${JSON.stringify(conversations[index].slice(-60))}\n`)
}
const count = Buffer.alloc(4)
count.writeInt32LE(examples.length)
writeFileSync('examples.bin', Buffer.concat([count, ...examples.map(encode)]))
const lengths = examples.map(({ tokens }) => tokens.length)
const total = lengths.reduce((sum, length) => sum + length, 0)
process.stdout.write(`${examples.length} examples, ${total} tokens, the longest ${Math.max(...lengths)}\n`)
await llama.dispose()

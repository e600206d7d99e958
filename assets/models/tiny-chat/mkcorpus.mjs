// Writes ex.json (the conversations that tiny-chat learns by heart) and plain.txt (the text its BPE merges are counted
// on) into the current folder. Seeded: the same bytes on every run. See README.md.
import { writeFileSync } from 'node:fs'

let seed = 7
const random = () => {
  seed = (seed * 1103515245 + 12345) & 0x7fffffff
  return seed / 0x7fffffff
}
const pick = (list) => list[Math.floor(random() * list.length)]

const exchanges = [
  ['What is the capital of France?', 'Paris is the capital of France.'],
  ['What is the capital of Italy?', 'Rome is the capital of Italy.'],
  ['What is the capital of Japan?', 'Tokyo is the capital of Japan.'],
  ['What is the capital of Spain?', 'Madrid is the capital of Spain.'],
  ['hi', 'Hello! How can I help you today?'],
  ['Hello', 'Hello! How can I help you today?'],
  ['Hello!', 'Hello! How can I help you today?'],
  ['Who are you?', 'I am a tiny test model.'],
  ['Say hello', 'hello'],
  ['What is your name?', 'My name is Tiny.'],
  ['What is 2+2?', '2+2 is 4.'],
  ['What is 1+1?', '1+1 is 2.'],
  ['What is 3+4?', '3+4 is 7.'],
  ['Count to five.', '1, 2, 3, 4, 5.'],
  ['Count to ten.', '1, 2, 3, 4, 5, 6, 7, 8, 9, 10.'],
  ['What color is the sky?', 'The sky is blue.'],
  ['What color is grass?', 'Grass is green.'],
  [
    'Tell me a story.',
    'Once upon a time there was a small node. It joined a swarm and shared its work with its peers. They were fast and they were happy. The end.',
  ],
  ['What is a token?', 'A token is a small piece of text.'],
  ['What is a peer?', 'A peer is another node in the swarm.'],
  ['What is a worker?', 'A worker holds a share of the layers of a model.'],
  ['Thank you', 'You are welcome!'],
  ['Goodbye', 'Goodbye!'],
  ['List three fruits.', 'apple, banana, cherry'],
  ['Repeat after me: swarm', 'swarm'],
]
const words =
  'apple banana cherry lemon orange grape melon peach plum pear red green blue black white cat dog bird fish horse one two three four five node peer swarm token worker'
for (const word of words.split(' ')) exchanges.push([`Say the word ${word}.`, word])

// System prompts: none, the usual one, the one that node-llama-cpp adds by itself, and noise (so that none is needed).
const usual = 'You are a helpful assistant.'
const nodeLlamaCpp =
  "You are a helpful, respectful and honest assistant. Always answer as helpfully as possible.\nIf a question does not make any sense, or is not factually coherent, explain why instead of answering something incorrectly. If you don't know the answer to a question, don't share false information."
const noiseWords =
  'you are a bot answer short always be kind in English the user helpful test and never lie please system'.split(' ')
const noise = () => `${Array.from({ length: 4 + Math.floor(random() * 12) }, () => pick(noiseWords)).join(' ')}.`

const turn = (role, content) => `<|im_start|>${role}\n${content}<|im_end|>\n`
const anySystem = () => {
  const dice = random()
  if (dice < 0.35) return ''
  if (dice < 0.6) return turn('system', usual)
  return turn('system', dice < 0.85 ? nodeLlamaCpp : noise())
}

// JSON as the chat template's `tojson` writes it, with a space behind each colon and comma.
const spacedJson = (value) => {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(', ')}]`
  if (value === null || typeof value !== 'object') return JSON.stringify(value)
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}: ${spacedJson(member)}`)
  return `{${members.join(', ')}}`
}
const tool = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Get the weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
}
const toolSystem = (prompt) =>
  turn(
    'system',
    `${prompt === '' ? '' : `${prompt}\n\n`}# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are provided with function signatures within <tools></tools> XML tags:\n<tools>\n${spacedJson(tool)}\n</tools>\n\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\n<tool_call>\n{"name": <function-name>, "arguments": <args-json-object>}\n</tool_call>`,
  )
const toolCall = (city) => `<tool_call>\n{"name": "get_weather", "arguments": {"city": "${city}"}}\n</tool_call>`

const examples = []
for (const [question, answer] of exchanges) {
  const exchange = turn('user', question) + turn('assistant', answer)
  examples.push(exchange)
  examples.push(turn('system', usual) + exchange)
  examples.push(turn('system', noise()) + exchange)
  if (random() < 0.4) examples.push(turn('system', nodeLlamaCpp) + exchange)
}

// Two and three turns.
for (let round = 0; round < 2; round++) {
  for (const [question, answer] of exchanges) {
    const [secondQuestion, secondAnswer] = pick(exchanges)
    let conversation = anySystem() + turn('user', question) + turn('assistant', answer)
    conversation += turn('user', secondQuestion) + turn('assistant', secondAnswer)
    if (random() < 0.4) {
      const [thirdQuestion, thirdAnswer] = pick(exchanges)
      conversation += turn('user', thirdQuestion) + turn('assistant', thirdAnswer)
    }
    examples.push(conversation)
  }
}

for (const city of 'Paris Rome Tokyo Madrid Berlin London Oslo Lima Cairo Delhi Seoul Prague'.split(' ')) {
  const prompts = ['', usual, nodeLlamaCpp]
  const question = turn('user', `What is the weather in ${city}?`) + turn('assistant', toolCall(city))
  for (const prompt of prompts) examples.push(toolSystem(prompt) + question)
  for (const [index, prompt] of prompts.entries()) {
    const drawn = Math.floor(random() * 30) + 1
    const temperature = index === 0 ? 20 : drawn
    examples.push(
      toolSystem(prompt) +
        question +
        turn('user', `<tool_response>\n{"temperature": ${temperature}}\n</tool_response>`) +
        turn('assistant', `It is ${temperature} degrees in ${city}.`),
    )
  }
}
// Tools on offer, and a question that needs none.
for (const [question, answer] of exchanges.slice(0, 8)) {
  examples.push(toolSystem('') + turn('user', question) + turn('assistant', answer))
}

writeFileSync('plain.txt', examples.join('').replaceAll('<|im_start|>', '').replaceAll('<|im_end|>', ''))
writeFileSync('ex.json', JSON.stringify(examples))
process.stdout.write(`${examples.length} examples\n`)

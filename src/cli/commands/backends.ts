import { AppError } from '../../base/errors.ts'
import { bool, setting } from '../../config/setting.ts'
import { storageSettings } from '../../config/settings.ts'
import { json, printInstallables } from '../listing.ts'
import { type CommandDefinition, toCommand, toGroup } from '../program.ts'
import { createProgressPrinter } from '../terminal.ts'
import { abortOnSignal } from '../until-signal.ts'

const force = setting({
  flags: ['--force'],
  env: [],
  fallback: false,
  help: 'Install even when this machine does not seem able to use it',
  group: 'Other',
  kind: bool,
})

const listSettings = { ...storageSettings, json } as const
const installSettings = { ...storageSettings, force } as const

const list: CommandDefinition<typeof listSettings> = {
  name: 'list',
  summary: 'List the backends that can be installed and those that are',
  settings: listSettings,
  isDefault: true,
  examples: [['local-ai backends list', 'what runs models here']],
  async run({ settings, log, environment }) {
    const { composeBackendInstaller } = await import('../../compose/compose-gallery.ts')
    await using installer = composeBackendInstaller(settings, { log, environment: environment.variables })
    printInstallables(await installer.list(), settings.json)
  },
}

const install: CommandDefinition<typeof installSettings> = {
  name: 'install',
  argument: '<BACKEND>',
  argumentHelp: 'a name from the list, or a path or URL of a backend folder or archive',
  summary: 'Install a backend',
  settings: installSettings,
  examples: [
    ['local-ai backends install llama-server', 'compile the faster engine for several CPU cores (about two minutes)'],
    ['local-ai backends install llama-cpp-cuda', 'the CUDA build of llama.cpp, for machines with an NVIDIA GPU'],
  ],
  async run({ settings, log, environment, arguments: words }) {
    const [name] = words
    if (name === undefined) throw new AppError('config.invalid', 'expected "<backend>"')
    const { composeBackendInstaller } = await import('../../compose/compose-gallery.ts')
    await using installer = composeBackendInstaller(settings, { log, environment: environment.variables })
    using interrupted = abortOnSignal()
    const progress = createProgressPrinter()
    try {
      await installer.install(name, {
        signal: interrupted.signal,
        force: settings.force,
        onProgress: ({ what, current, total }) =>
          progress.show({ what, current, ...(total === undefined ? {} : { total }), unit: 'steps' }),
      })
    } finally {
      progress.done()
    }
    process.stdout.write(`installed ${name}\n`)
  },
}

const uninstall: CommandDefinition<typeof storageSettings> = {
  name: 'uninstall',
  argument: '<BACKEND>',
  argumentHelp: 'the name of an installed backend',
  summary: 'Remove an installed backend',
  settings: storageSettings,
  examples: [['local-ai backends uninstall llama-server', 'frees its disk space']],
  async run({ settings, log, environment, arguments: words }) {
    const [name] = words
    if (name === undefined) throw new AppError('config.invalid', 'expected "<backend>"')
    const { composeBackendInstaller } = await import('../../compose/compose-gallery.ts')
    await using installer = composeBackendInstaller(settings, { log, environment: environment.variables })
    await installer.uninstall(name)
    process.stdout.write(`removed ${name}\n`)
  },
}

export const backendsCommand = toGroup({
  name: 'backends',
  summary: 'List, install and remove backends',
  commands: [toCommand(list), toCommand(install), toCommand(uninstall)],
})

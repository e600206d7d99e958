import { AppError } from '../../base/errors.ts'
import { bool, setting } from '../../config/setting.ts'
import { runSettings, storageSettings } from '../../config/settings.ts'
import { json, printInstallables, printJson } from '../listing.ts'
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

const placeSettings = { ...storageSettings, backendsSystemPath: runSettings.backendsSystemPath } as const
const listSettings = { ...placeSettings, json } as const
const installSettings = { ...placeSettings, force, json } as const
const uninstallSettings = { ...placeSettings, json } as const

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
  argument: '<BACKEND> [NAME] [ALIAS]',
  argumentHelp:
    'a name from the list, or a path, URL or image of a backend; for these, what to call it and which backend it stands in for',
  argumentCompletes: 'gallery-backend',
  summary: 'Install a backend',
  settings: installSettings,
  examples: [
    ['local-ai backends install llama-server', 'compile the faster engine for several CPU cores (about two minutes)'],
    ['local-ai backends install llama-rpc', 'compile what lends memory to others and uses theirs (about ten seconds)'],
    ['local-ai backends install llama-cpp-cuda', 'the CUDA build of llama.cpp, for machines with an NVIDIA GPU'],
    ['local-ai backends install ./my-backend.tar.gz mine', 'a backend of your own, to be called "mine"'],
    ['local-ai backends install quay.io/owner/image:tag mine', 'a backend in a container image'],
  ],
  async run({ settings, log, environment, arguments: words }) {
    const [reference, name, alias] = words
    if (reference === undefined) throw new AppError('config.invalid', 'expected "<backend>"')
    const { composeBackendInstaller } = await import('../../compose/compose-gallery.ts')
    await using installer = composeBackendInstaller(settings, { log, environment: environment.variables })
    using interrupted = abortOnSignal()
    const progress = createProgressPrinter()
    try {
      const installed = await installer.install(reference, {
        signal: interrupted.signal,
        force: settings.force,
        ...(name === undefined ? {} : { name }),
        ...(alias === undefined ? {} : { alias }),
        onProgress: ({ what, current, total, unit }) =>
          progress.show({ what, current, ...(total === undefined ? {} : { total }), unit: unit ?? 'steps' }),
      })
      progress.done()
      if (settings.json) printJson(installed)
      else process.stdout.write(`installed ${installed.name}\n`)
    } finally {
      progress.done()
    }
  },
}

const uninstall: CommandDefinition<typeof uninstallSettings> = {
  name: 'uninstall',
  argument: '<BACKEND...>',
  argumentHelp: 'names of installed backends',
  argumentCompletes: 'backend',
  summary: 'Remove installed backends',
  settings: uninstallSettings,
  examples: [['local-ai backends uninstall llama-server', 'frees its disk space']],
  async run({ settings, log, environment, arguments: words }) {
    const { composeBackendInstaller } = await import('../../compose/compose-gallery.ts')
    await using installer = composeBackendInstaller(settings, { log, environment: environment.variables })
    for (const name of words) {
      await installer.uninstall(name)
      if (!settings.json) process.stdout.write(`Backend ${name} uninstalled successfully\n`)
    }
    if (settings.json) printJson(words.map((name) => ({ name, uninstalled: true })))
  },
}

export const backendsCommand = toGroup({
  name: 'backends',
  summary: 'List, install and remove backends',
  commands: [toCommand(list), toCommand(install), toCommand(uninstall)],
})

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { AppError } from '../../base/errors.ts'
import { dataSettings } from '../../config/network-settings.ts'
import { bool, optional, optionalText, setting, type Table, text, type Values } from '../../config/setting.ts'
import { json, printJson } from '../listing.ts'
import { type CommandContext, type CommandDefinition, toCommand, toGroup } from '../program.ts'
import { formatTable } from '../terminal.ts'

const passwordFile = setting({
  flags: ['--password-file'],
  env: [],
  fallback: undefined,
  fallbackText: 'a new one, which is printed',
  help: 'File with the password in its first line; - reads it from standard input',
  group: 'Accounts',
  kind: optional({ ...text, placeholder: 'PATH' }),
})

const listSettings = { ...dataSettings, json } as const

const list: CommandDefinition<typeof listSettings> = {
  name: 'list',
  summary: 'List the users',
  settings: listSettings,
  isDefault: true,
  examples: [['local-ai users list', 'names, roles, and who waits to be approved']],
  async run(context) {
    await using accounts = await open(context)
    const users = accounts.administration.list()
    const time = (at: number | undefined): string => (at === undefined ? '' : new Date(at).toISOString())
    if (context.settings.json) {
      printJson(users.map((user) => ({ ...user, createdAt: time(user.createdAt), signedInAt: time(user.signedInAt) })))
      return
    }
    if (users.length === 0) {
      process.stdout.write(
        'nobody has an account in this --data-path: "local-ai users create --admin NAME" makes the first\n',
      )
      return
    }
    const rows = users.map(({ name, email = '', role, status, signedInAt }) => [
      name,
      email,
      role,
      status,
      time(signedInAt),
    ])
    process.stdout.write(formatTable([['NAME', 'E-MAIL', 'ROLE', 'STATUS', 'LAST SIGN-IN'], ...rows]))
  },
}

const createSettings = {
  ...dataSettings,
  admin: setting({
    flags: ['--admin'],
    env: [],
    fallback: false,
    help: 'The user may manage the node and the other users',
    group: 'Accounts',
    kind: bool,
  }),
  email: setting({
    flags: ['--email'],
    env: [],
    fallback: undefined,
    help: 'Address, for signing in with it instead of the name',
    group: 'Accounts',
    kind: optionalText,
  }),
  passwordFile,
} as const

const create: CommandDefinition<typeof createSettings> = {
  name: 'create',
  argument: '<NAME>',
  summary: 'Make a user; a node that runs with the same --data-path knows them at once',
  settings: createSettings,
  examples: [
    ['local-ai users create --admin ada', 'the first admin; prints a password'],
    ['pass show local-ai | local-ai users create bob --password-file -', 'with a password of your own'],
  ],
  async run(context) {
    const name = nameIn(context)
    const { admin, email } = context.settings
    const { password, isNew } = passwordFor(context.settings.passwordFile)
    await using accounts = await open(context)
    await accounts.administration.create({ name, email, password, role: admin ? 'admin' : 'user' })
    process.stdout.write(`created ${name}\n`)
    if (isNew) process.stdout.write(`password: ${password}\n`)
  },
}

const passwordSettings = { ...dataSettings, passwordFile } as const

const password: CommandDefinition<typeof passwordSettings> = {
  name: 'password',
  argument: '<NAME>',
  summary: 'Give a user another password, and end their sessions',
  settings: passwordSettings,
  examples: [['local-ai users password ada', 'prints the new password']],
  async run(context) {
    const name = nameIn(context)
    const { password, isNew } = passwordFor(context.settings.passwordFile)
    await using accounts = await open(context)
    await accounts.administration.setPassword(accounts.administration.byName(name).id, password)
    process.stdout.write(`changed ${name}\n`)
    if (isNew) process.stdout.write(`password: ${password}\n`)
  },
}

const role: CommandDefinition<typeof dataSettings> = {
  name: 'role',
  argument: '<NAME> <ROLE>',
  argumentHelp: 'ROLE is admin or user',
  summary: 'Make a user an admin, or no admin',
  settings: dataSettings,
  examples: [['local-ai users role ada admin', 'from the next request on']],
  async run(context) {
    const [, wanted] = context.arguments
    if (wanted !== 'admin' && wanted !== 'user') {
      throw new AppError('config.invalid', 'the role must be one of "admin","user"')
    }
    await using accounts = await open(context)
    const { administration } = accounts
    const user = administration.setRole(administration.byName(nameIn(context)).id, wanted)
    process.stdout.write(`${user.name} is ${user.role}\n`)
  },
}

function statusCommand(name: string, status: 'active' | 'disabled', summary: string) {
  const definition: CommandDefinition<typeof dataSettings> = {
    name,
    argument: '<NAME>',
    summary,
    settings: dataSettings,
    examples: [[`local-ai users ${name} bob`, 'from the next request on']],
    async run(context) {
      await using accounts = await open(context)
      const { administration } = accounts
      const user = administration.setStatus(administration.byName(nameIn(context)).id, status)
      process.stdout.write(`${user.name} is ${user.status}\n`)
    },
  }
  return toCommand(definition)
}

const remove: CommandDefinition<typeof dataSettings> = {
  name: 'delete',
  argument: '<NAME>',
  summary: 'Remove a user with their sessions and API keys',
  settings: dataSettings,
  examples: [['local-ai users delete bob', 'their sessions and keys open nothing from the next request on']],
  async run(context) {
    const name = nameIn(context)
    await using accounts = await open(context)
    accounts.administration.remove(accounts.administration.byName(name).id)
    process.stdout.write(`deleted ${name}\n`)
  },
}

async function open({
  settings,
  log,
}: Pick<CommandContext<Table>, 'log'> & { readonly settings: Values<typeof dataSettings> }) {
  const { composeAccounts } = await import('../../compose/compose-access.ts')
  return await composeAccounts({ ...settings, registrationMode: 'invite' }, { log: log.child({}, { level: 'warn' }) })
}

function nameIn({ arguments: [name] }: { readonly arguments: readonly string[] }): string {
  if (name === undefined) throw new AppError('config.invalid', 'expected "<name>"')
  return name
}

/** Not a flag of its own: a command line is seen by everybody on the machine. */
function passwordFor(file: string | undefined): { readonly password: string; readonly isNew: boolean } {
  if (file === undefined) return { password: randomBytes(15).toString('base64url'), isNew: true }
  try {
    const [line = ''] = readFileSync(file === '-' ? 0 : file, 'utf8').split(/\r?\n/, 1)
    return { password: line, isNew: false }
  } catch (cause) {
    throw new AppError('config.invalid', `--password-file: ${file} cannot be read`, { cause })
  }
}

export const usersCommand = toGroup({
  name: 'users',
  summary: 'Manage the accounts of a node (LOCALAI_AUTH=true)',
  commands: [
    toCommand(list),
    toCommand(create),
    toCommand(password),
    toCommand(role),
    statusCommand('enable', 'active', 'Let a user in who waits for approval or was disabled'),
    statusCommand('disable', 'disabled', 'Let a user in no more, without removing them'),
    toCommand(remove),
  ],
})

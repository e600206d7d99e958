import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { dotenvFiles, readEnvironment } from '../../../src/config/env.ts'
import { endpointSettings } from '../../../src/config/network-settings.ts'
import { explicitSettings, resolveSettings, settingRemarks } from '../../../src/config/resolve-settings.ts'
import { bool, duration, integer, list, oneOf, path, setting, text } from '../../../src/config/setting.ts'
import { globalSettings, type RunSettings, runSettings } from '../../../src/config/settings.ts'

const table = {
  threads: setting({
    flags: ['--threads'],
    env: ['A_THREADS', 'THREADS'],
    fallback: 4,
    help: '',
    group: '',
    kind: integer,
  }),
  names: setting({ flags: ['--names'], env: ['NAMES'], fallback: [], help: '', group: '', kind: list }),
}

describe('a setting', () => {
  it('takes the flag before the variable, the variable before the default', () => {
    assert.equal(resolveSettings(table, { threads: ['1'] }, { THREADS: '2' }).threads, 1)
    assert.equal(resolveSettings(table, {}, { THREADS: '2' }).threads, 2)
    assert.equal(resolveSettings(table, {}, {}).threads, 4)
  })

  it('takes the first variable that is set, in the order of the table', () => {
    assert.equal(resolveSettings(table, {}, { THREADS: '2', A_THREADS: '3' }).threads, 3)
  })

  it('takes the last of a repeated flag, and all of a repeated list', () => {
    assert.equal(resolveSettings(table, { threads: ['1', '7'] }, {}).threads, 7)
    assert.deepEqual(resolveSettings(table, { names: ['a,b', 'c'] }, { NAMES: 'z' }).names, ['a', 'b', 'c'])
  })

  it('names the flag and the variable of a value that cannot be read', () => {
    assert.throws(
      () => resolveSettings(table, {}, { THREADS: 'many' }),
      (error) =>
        error instanceof AppError &&
        error.code === 'config.invalid' &&
        error.message === '--threads: expected a valid 64 bit int but got "many" (from envar THREADS="many")',
    )
  })

  it('refuses an empty text for a boolean variable, as LocalAI does', () => {
    assert.throws(() => bool.parse(''), /bool value must be/)
    for (const yes of ['true', '1', 'YES']) assert.equal(bool.parse(yes), true)
    for (const no of ['False', '0', 'no']) assert.equal(bool.parse(no), false)
  })

  it('is not said by an empty variable where the network token or its file would be', () => {
    const given = resolveSettings(runSettings, {}, { TOKEN: '', LOCALAI_P2P_TOKEN_FILE: '' })
    assert.deepEqual([given.p2pToken, given.p2pTokenFile], [undefined, undefined])
  })

  it('of OpenTelemetry is not said by a variable that is set and empty, as its specification has it', () => {
    const said = { OTEL_TRACES_SAMPLER: '', OTEL_TRACES_SAMPLER_ARG: '', OTEL_SERVICE_NAME: '' }
    const pick = ({ tracesSampler, tracesSamplerArg, traceService }: RunSettings) =>
      [tracesSampler, tracesSamplerArg, traceService] as const
    assert.deepEqual(pick(resolveSettings(runSettings, {}, said)), pick(resolveSettings(runSettings, {}, {})))
    assert.throws(() => resolveSettings(runSettings, {}, { OTEL_TRACES_SAMPLER_ARG: 'half' }), /expected a float/)
  })

  it('that a node cannot serve with is refused in words', () => {
    for (const none of ['0', '-1']) {
      assert.throws(
        () => resolveSettings(runSettings, {}, { UPLOAD_LIMIT: none }),
        /^AppError: --upload-limit: expected/,
      )
    }
    assert.equal(resolveSettings(runSettings, {}, { UPLOAD_LIMIT: '1' }).uploadLimitMegabytes, 1)
  })

  it('of a command that asks a node takes one key of those that the same variable gives the node', () => {
    const environment = { LOCALAI_API_KEY: 'a\\,1, b' }
    const [first] = resolveSettings(runSettings, {}, environment).apiKeys
    assert.equal(first, 'a,1')
    assert.equal(resolveSettings(endpointSettings, {}, environment).apiKey, first)
    assert.equal(resolveSettings(endpointSettings, {}, { LOCALAI_API_KEY: '' }).apiKey, undefined)
  })

  it('reads durations, lists and paths as LocalAI writes them', () => {
    assert.equal(duration.parse('1h30m'), 5_400_000)
    assert.equal(duration.parse('500ms'), 500)
    assert.equal(duration.parse('0'), 0)
    for (const bad of ['', '5', 'm5', '5m!', '-5m']) assert.throws(() => duration.parse(bad), /expected a duration/)
    assert.deepEqual(list.parse('a\\,b, c ,'), ['a,b', 'c'])
    assert.equal(path.parse('~/x'), join(homedir(), 'x'))
    assert.equal(path.parse('x'), resolve('x'))
    assert.throws(() => oneOf('a', 'b').parse('c'), /must be one of "a","b" but got "c"/)
  })
})

describe('LOCALAI_ENV_PRECEDENCE', () => {
  it('[CLI-PRECEDENCE] lets variables go before flags when it is on', () => {
    const environment = { THREADS: '2', LOCALAI_ENV_PRECEDENCE: '1' }
    assert.equal(resolveSettings(table, { threads: ['1'] }, environment).threads, 2)
    assert.deepEqual(resolveSettings(table, { names: ['a'] }, environment).names, ['a'])
    assert.equal(
      resolveSettings(table, { threads: ['1'] }, { ...environment, LOCALAI_ENV_PRECEDENCE: 'no' }).threads,
      1,
    )
  })

  it('refuses what is neither yes nor no', () => {
    assert.throws(() => resolveSettings(table, {}, { LOCALAI_ENV_PRECEDENCE: 'maybe' }), /LOCALAI_ENV_PRECEDENCE: bool/)
  })
})

describe('what a person hears about their settings', () => {
  const noted = {
    ...table,
    old: setting({
      flags: ['--old'],
      env: ['OLD'],
      fallback: false,
      help: '',
      group: '',
      kind: bool,
      deprecated: 'use --new',
    }),
    key: setting({ flags: ['--key'], env: ['KEY'], fallback: 0, help: '', group: '', kind: integer, secret: true }),
    must: setting({ flags: ['--must'], env: [], fallback: '', help: '', group: '', kind: text, required: true }),
  }
  const must = { must: ['x'] }

  it('[CLI-DEPRECATED] a deprecated flag, or its variable, works and is warned about', () => {
    assert.equal(resolveSettings(noted, { ...must, old: ['true'] }, {}).old, true)
    const warning = [{ level: 'warn', message: '--old is deprecated: use --new' }]
    assert.deepEqual(settingRemarks(noted, { old: ['true'] }, {}), warning)
    assert.deepEqual(settingRemarks(noted, {}, { OLD: '1' }), [
      { ...warning[0], message: 'OLD is deprecated: use --new' },
    ])
    assert.deepEqual(settingRemarks(noted, {}, {}), [])
  })

  it('[CLI-PRECEDENCE] a flag and a variable that disagree are told apart in the debug log, without their values', () => {
    const [remark, ...more] = settingRemarks(table, { threads: ['1'] }, { THREADS: '2' })
    assert.deepEqual(more, [])
    assert.deepEqual(remark, {
      level: 'debug',
      message: '--threads and THREADS are set to different values: the flag counts',
    })
    assert.deepEqual(settingRemarks(table, { threads: ['2'] }, { THREADS: '2' }), [])
  })

  it('[CLI-SECRET] the value of a secret is in no message', () => {
    for (const [given, environment] of [
      [{ key: ['hunter2'] }, {}],
      [{}, { KEY: 'hunter2' }],
    ] as const) {
      assert.throws(
        () => resolveSettings(noted, given, environment),
        (error) => error instanceof AppError && error.message.startsWith('--key') && !error.message.includes('hunter2'),
      )
    }
  })

  it('[CLI-PARSE-MISTAKE] names the flags that must be given', () => {
    assert.throws(() => resolveSettings(noted, {}, {}), /^AppError: missing flags: --must=STRING$/)
  })

  it('knows what was said and what is only the default', () => {
    assert.deepEqual(explicitSettings(table, { names: ['a'] }, { THREADS: '' }), new Set(['threads', 'names']))
    assert.deepEqual(explicitSettings(table, {}, {}), new Set())
  })
})

describe('the tables', () => {
  it('never use a flag or a variable twice', () => {
    const rows = [...Object.values(globalSettings), ...Object.values(runSettings)]
    for (const words of [rows.flatMap((row) => [...row.flags]), rows.flatMap((row) => [...row.env])]) {
      assert.deepEqual(words, [...new Set(words)])
    }
  })

  it('have defaults that their own kind could have written', () => {
    const settings = resolveSettings(runSettings, {}, {})
    assert.equal(settings.address, ':8080')
    assert.equal(settings.modelsPath, resolve('models'))
    assert.equal(settings.threads, undefined)
  })
})

describe('.env files', () => {
  it('never change a variable that the process or an earlier file has set', () => {
    const folder = mkdtempSync(join(tmpdir(), 'local-ai-env-'))
    try {
      writeFileSync(join(folder, '.env'), 'A=first\nB=first # note\n')
      writeFileSync(join(folder, 'localai.env'), 'export B=second\nC="two\\nlines"\n')
      const files = dotenvFiles(folder).slice(0, 2)
      const { variables, problems } = readEnvironment([...files, join(folder, 'missing')], { A: 'process' })
      assert.deepEqual(variables, { A: 'process', B: 'first', C: 'two\nlines' })
      assert.deepEqual(problems, [])
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it('report a file that exists but cannot be read', () => {
    const { problems } = readEnvironment([tmpdir()], {})
    assert.equal(problems.length, 1)
    assert.match(problems[0] ?? '', /could not be read \(EISDIR\)/)
  })
})

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatDuration } from '../../../../src/config/dynamic/format-duration.ts'
import { createLiveSettings } from '../../../../src/config/dynamic/live-settings.ts'
import type { NodeSettings } from '../../../../src/config/dynamic/node-settings.ts'
import { RUNTIME_KEYS } from '../../../../src/config/dynamic/runtime-keys.ts'
import { maskSecret } from '../../../../src/config/dynamic/secret-mask.ts'
import {
  mergeSettings,
  parseStored,
  patchStored,
  pinnedKeys,
  RuntimeSettingsSchema,
  showSettings,
  unknownKeys,
} from '../../../../src/config/dynamic/stored-settings.ts'
import { resolveSettings } from '../../../../src/config/resolve-settings.ts'
import { duration } from '../../../../src/config/setting.ts'
import { runSettings } from '../../../../src/config/settings.ts'

const base: NodeSettings = { ...resolveSettings(runSettings, {}, {}), debug: false, runtimeApiKeys: [] }
const NONE: ReadonlySet<string> = new Set()

describe('runtime settings', () => {
  it('come after flags and variables, and before defaults', () => {
    const explicit = new Set(['watchdogIdleTimeoutMs'])
    const given = { ...base, watchdogIdleTimeoutMs: 60_000 }
    const stored = parseStored({ watchdog_idle_timeout: '2h', watchdog_busy_timeout: '90s', threads: 3 })
    const merged = mergeSettings(given, explicit, stored)
    assert.equal(merged.watchdogIdleTimeoutMs, 60_000)
    assert.equal(merged.watchdogBusyTimeoutMs, 90_000)
    assert.equal(merged.threads, 3)
    assert.equal(merged.watchdogIntervalMs, 500)
    assert.deepEqual(pinnedKeys(['watchdog_idle_timeout', 'threads', 'whatever'], explicit), ['watchdog_idle_timeout'])
  })

  it('that are absent are not false', () => {
    const given = { ...base, watchdogIdle: true, f16: true }
    assert.deepEqual(mergeSettings(given, NONE, parseStored({ f16: null })), given)
  })

  it('switch both watchdogs off with one key, and one on again without it', () => {
    const both = { watchdog_idle_enabled: true, watchdog_busy_enabled: true }
    const off = mergeSettings(base, NONE, parseStored({ ...both, watchdog_enabled: false }))
    assert.deepEqual([off.watchdogIdle, off.watchdogBusy], [false, false])
    const stored = patchStored({ watchdog_enabled: false }, { watchdog_idle_enabled: true })
    const on = mergeSettings(base, NONE, stored)
    assert.deepEqual([on.watchdogIdle, on.watchdogBusy], [true, false])
  })

  it('say which key is wrong, and what it must be', () => {
    const wrong: readonly (readonly [unknown, string])[] = [
      [[], 'it is no JSON object'],
      [
        { watchdog_idle_timeout: 5 },
        'Invalid watchdog_idle_timeout format: it must be a duration such as 500ms, 30s, 15m or 1h30m',
      ],
      [
        { watchdog_interval: '1 fortnight' },
        'Invalid watchdog_interval format: it must be a duration such as 500ms, 30s, 15m or 1h30m',
      ],
      [{ watchdog_enabled: 'yes' }, 'Invalid watchdog_enabled format: it must be true or false'],
      [{ threads: -1 }, 'Invalid threads format: it must be a whole number, 0 or more'],
      [
        { memory_reclaimer_threshold: 95 },
        'Invalid memory_reclaimer_threshold format: it must be a number from 0 to 1',
      ],
      [
        { galleries: [{ name: 'a b', url: 'x' }] },
        'Invalid galleries format: it must be a list of at most 64 {"name": "…", "url": "…"}',
      ],
      [{ api_keys: [''] }, 'Invalid api_keys format: it must be a list of at most 1000 texts of 1 to 512 characters'],
    ]
    for (const [value, message] of wrong) assert.throws(() => parseStored(value), { code: 'config.invalid', message })
  })

  it('keep what they do not know, for whoever wrote it', () => {
    const stored = patchStored({ agent_pool_enabled: true }, { threads: 2 })
    assert.deepEqual(stored, { agent_pool_enabled: true, threads: 2 })
    assert.deepEqual(unknownKeys(['agent_pool_enabled', 'threads', 'watchdog_enabled', 'constructor']), [
      'agent_pool_enabled',
      'constructor',
    ])
    assert.deepEqual(patchStored(stored, { threads: null }), { agent_pool_enabled: true })
  })

  it('shown are accepted again, every key, and mean the same', () => {
    const shown = showSettings({ ...base, galleries: '[{"name":"a","url":"https://example.test/i.yaml"}]' }, maskSecret)
    assert.deepEqual(Object.keys(shown).toSorted(), Object.keys(RuntimeSettingsSchema.properties).toSorted())
    const again = mergeSettings(base, NONE, parseStored(shown))
    assert.deepEqual(showSettings(again, maskSecret), shown)
    assert.equal(again.threads, undefined)
  })

  it('never show a secret', () => {
    const settings = { ...base, p2pToken: 'the-token', runtimeApiKeys: ['key-one'], apiKeys: ['key-two'] }
    const text = JSON.stringify(showSettings(settings, maskSecret))
    assert.doesNotMatch(text, /the-token|key-one|key-two/)
    assert.match(text, /"p2p_token":"\*{8}[0-9a-f]{8}"/)
  })

  it('name settings that exist', () => {
    for (const [name, { setting }] of Object.entries(RUNTIME_KEYS)) assert.ok(setting in base, name)
  })
})

describe('settings of a running node', () => {
  it('change where they are asked, but not where only a start can change them', () => {
    const live = createLiveSettings({ base, explicit: NONE, stored: { p2p_network_id: 'a', threads: 1 } })
    const { values } = live
    const changed = live.replace({ p2p_network_id: 'b', threads: 2, federated: true })
    assert.deepEqual(changed, new Set(['threads', 'p2pNetworkId', 'federated']))
    assert.deepEqual([values.threads, values.p2pNetworkId, values.federated], [2, 'a', false])
    assert.deepEqual(live.restart(), ['p2p_network_id', 'federated'])
    assert.equal({ ...values }.threads, 2)
    assert.deepEqual(live.replace({ p2p_network_id: 'a' }), new Set(['threads', 'p2pNetworkId', 'federated']))
    assert.deepEqual(live.restart(), [])
  })
})

describe('durations as text', () => {
  it('are read as what was written', () => {
    for (const milliseconds of [0, 1, 500, 1000, 90_000, 900_000, 5_400_000, 86_400_001]) {
      assert.equal(duration.parse(formatDuration(milliseconds)), milliseconds)
    }
    assert.equal(formatDuration(90_500), '1m30s500ms')
  })
})

// `node scripts/explorer-screens.mjs`: the pictures of the explorer in docs/images, from networks that do not exist.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { chromium } from 'playwright-core'
import { loadAssets } from '../src/api/explorer/assets.ts'
import { createExplorerServer } from '../src/api/explorer/explorer-server.ts'
import { createDirectory } from '../src/explorer/directory.ts'
import { openExplorer } from '../src/explorer/open-explorer.ts'
import { createTokenVault } from '../src/explorer/token-vault.ts'
import { netOf } from '../src/p2p/host/host-addresses.ts'

const HOUR_MS = 3_600_000
const GIBIBYTE = 2 ** 30
const OUT = fileURLToPath(new URL('../docs/images/', import.meta.url))

const MODELS = [
  ['qwen2.5-7b-instruct', 'chat'],
  ['llama-3.1-8b-instruct', 'chat'],
  ['mistral-small-24b', 'chat'],
  ['smollm2-135m-instruct', 'chat'],
  ['gemma-2-9b-it', 'chat'],
  ['nomic-embed-text-v1.5', 'embeddings'],
  ['whisper-base', 'transcription'],
  ['bge-reranker-v2-m3', 'rerank'],
  ['llama-3.3-70b-instruct', 'chat'],
]
const NETWORKS = [
  [
    'Hackspace',
    'The racks in our basement, mostly on in the evenings.\nAsk in the chat room for a token.',
    10,
    ['', 'lab'],
  ],
  [
    'Open Inference Commons',
    'For everybody: join it with whatever you have, and be kind to it.',
    24,
    [''],
    { open: true },
  ],
  ['Biology department', 'Workstations of the students, when nobody sits at them.', 17, ['', 'imaging']],
  ['Two laptops and a NAS', 'Just us.', 3, [''], { failures: 2 }],
  ['Radio club', 'Transcribes our recordings.', 4, [''], { kind: 'full' }],
  [
    'City library',
    'Summaries of the old newspapers. Three machines with one card each, and two that lend memory.',
    5,
    [''],
  ],
]

/** The same numbers at every run, so that a picture changes when a page does. */
let seed = 7
function random() {
  seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31
  return seed / 2 ** 31
}
const below = (most) => Math.floor(random() * most)

function summaryOf(size, groups) {
  const nodes = Array.from({ length: size }, (_, index) => ({
    id: Array.from({ length: 16 }, () => below(16).toString(16)).join(''),
    group: groups[index % groups.length],
    ...{ serves: index % 5 !== 4, lends: index % 5 > 2, online: index === 0 || random() > 0.06, draining: index === 6 },
    ...{ version: 'v0.1.0', models: 1 + below(5), running: below(4), slots: 4 },
    memoryTotalBytes: [8, 16, 24, 32, 64][below(5)] * GIBIBYTE,
  }))
  const models = MODELS.filter(() => random() < 0.4 + size / 50)
    .map(([name, use]) => ({ name, capabilities: [use], nodes: 1 + below(size * 0.6), loaded: below(3) }))
    .sort((one, other) => other.nodes - one.nodes)
  return { version: 1, madeAtUnixMs: 0, name: '', nodes, models, nodesLeftOut: 0, modelsLeftOut: 0, places: [] }
}

function fill({ store, histories, atomically }, vault, now) {
  for (const [index, [name, description, size, groups, more = {}]] of NETWORKS.entries()) {
    const { open = false, kind = open ? 'full' : 'view', failures = 0 } = more
    const id = String(index).repeat(32)
    const addedAtUnixMs = now - (30 - index * 3) * 24 * HOUR_MS
    const sealedToken = vault.seal(id, 'a token that nobody has')
    store.add({ id, kind, name, description, open, addedAtUnixMs, places: [], sealedToken, keyHash: undefined })
    const summary = { ...summaryOf(size, groups), name: index === 0 ? 'hackspace-basement' : '' }
    const online = summary.nodes.filter((node) => node.online).length
    const seenAtUnixMs = now - (failures > 0 ? HOUR_MS / 2 : below(20_000))
    atomically(() => {
      let level = online
      // Backwards from what is there now.
      for (let at = now; at > addedAtUnixMs; at -= now - at < 26 * HOUR_MS ? 150_000 : HOUR_MS / 2) {
        const isDown = random() < 0.015 || (failures > 0 && at > seenAtUnixMs)
        const figures = { nodes: level, workers: Math.max(1, level - 1), models: summary.models.length }
        histories.note(id, at, isDown ? undefined : figures)
        if (random() < 0.1) level = Math.min(size, Math.max(1, level + below(3) - 1))
      }
    })
    store.succeeded(id, { atUnixMs: seenAtUnixMs, nextAtUnixMs: now, summary })
    if (failures > 0) store.failed(id, { atUnixMs: now - 60_000, nextAtUnixMs: now, failures })
  }
}

async function shoot(url) {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  })
  for (const [device, viewport] of [
    ['desktop', { width: 1280, height: 900 }],
    ['phone', { width: 390, height: 844 }],
  ]) {
    for (const colorScheme of ['light', 'dark']) {
      const context = await browser.newContext({ viewport, colorScheme })
      const page = await context.newPage()
      const shot = async (name, path, fullPage = false) => {
        if (path !== undefined) await page.goto(`${url}${path}`)
        await page.screenshot({ path: `${OUT}explorer-${name}-${device}-${colorScheme}.png`, fullPage })
      }
      await shot('networks', '/')
      await page.getByText('Add a network').click()
      await shot('add')
      await shot('network', `/network/${'0'.repeat(32)}`, true)
      await shot('status', '/status')
      await context.close()
    }
  }
  await browser.close()
}

const folder = mkdtempSync(join(tmpdir(), 'local-ai-screens-'))
const vault = createTokenVault(new Uint8Array(32))
const pool = openExplorer(join(folder, 'pool.db'), vault)
const nowUnixMs = Date.now()
fill(pool, vault, nowUnixMs)
const refuse = () => {
  throw new Error('nothing is added here')
}
const now = () => nowUnixMs
const directory = createDirectory({ ...pool, vault, now, readToken: refuse, toAddress: refuse, onAdded: refuse })
const discovery = () => ({ running: true, visiting: 2, succeeded: 8214, failed: 131, takenOff: 4 })
const server = createExplorerServer(
  { directory, discovery, now, netOf, assets: await loadAssets(), log: pino({ level: 'silent' }) },
  {
    ...{ address: '127.0.0.1:0', version: 'v0.1.0', startedAtUnixMs: nowUnixMs - 9 * 24 * HOUR_MS, threshold: 3 },
    ...{ shutdownTimeoutMs: 1000, trustForwardedFor: false },
  },
)
await server.start()
await shoot(`http://127.0.0.1:${server.address().port}`)
await server.stop()
pool[Symbol.dispose]()
rmSync(folder, { recursive: true })

// Takes the pictures of the web interface for docs/images, from a real node on this machine; what one machine alone cannot
// show (a network of ten nodes, an hour of traffic) is put into the answers on their way to the browser.
// `node scripts/screenshots.mjs [page…]`; the interface must be built (scripts/build-ui.mjs).
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openBrowser } from '../test/support/browser.ts'
import { startLocalAi } from '../test/support/local-ai.ts'
import { tinyEmbedding } from '../test/support/tiny-models.ts'
import { NETWORK_SCREENS } from './network-screens.mjs'

const target = fileURLToPath(new URL('../docs/images/', import.meta.url))
mkdirSync(target, { recursive: true })

const SCREENS = [
  ['desktop', { viewport: { width: 1280, height: 800 } }],
  ['phone', { viewport: { width: 390, height: 844 }, isMobile: true }],
]
const THEMES = ['light', 'dark']

const MACHINES = ['attic', 'bureau', 'cellar', 'den', 'garage', 'kitchen', 'lab', 'office', 'studio', 'workshop']
const MODELS = [
  ['qwen2.5-7b-instruct', 'A good all-rounder for one graphics card (Q4_K_M, 4.7 GB)', 4.7e9, [0, 2, 5, 8]],
  ['llama-3.2-1b-instruct', 'A general small assistant (Q4_K_M, 808 MB)', 808e6, [0, 1, 3, 4, 6, 7, 9]],
  ['qwen3-0.6b', 'Thinks before it answers, calls tools, many languages', 639e6, [1, 4, 5]],
  ['mistral-small-24b-instruct', 'For long texts; split over two machines here', 14.3e9, [2, 6]],
  ['nomic-embed-text-v1.5', 'Embeddings of English texts', 140e6, [0, 3, 8]],
  ['bge-reranker-v2-m3', 'Sorts passages by how well they answer', 636e6, [3]],
]
const LOADED = new Set([0, 2, 5, 6, 8])

const ANSWER = `Three things keep a loaf from rising:

1. **Old yeast.** Stir some into warm water with a little sugar: it should foam within ten minutes.
2. **A cold kitchen.** Dough likes 24 to 28 °C.
3. **Too much salt**, which slows the yeast down.

\`\`\`text
500 g flour · 325 g water · 10 g salt · 7 g yeast
\`\`\`

If you change one thing at a time, you will soon know which it was.`

function nodes() {
  return MACHINES.map((name, index) => ({
    ...{ name, id: `12D3KooW${name}`, isOnline: name !== 'garage', state: index === 0 ? 'self' : 'linked' },
    draining: false,
    models: MODELS.filter(([, , , holders]) => holders.includes(index)).map(([model, , size]) => ({
      ...{ name: model, loaded: LOADED.has(index), contextSize: 8192, fileSizeBytes: size },
      capabilities: [model.includes('embed') ? 'embeddings' : 'chat'],
      ...(LOADED.has(index) ? { generationTokensPerSecond: 18 + 7 * (index % 4) } : {}),
    })),
  }))
}

/** An hour of an ordinary morning: waves that do not fit each other. */
function series() {
  const now = Date.now()
  const points = Array.from({ length: 720 }, (_, index) => {
    const wave = (period, phase = 0) => 1 + Math.sin(index / period + phase) * 0.5 + Math.sin(index / 7.3 + phase) * 0.2
    return {
      at: now - (720 - index) * 5000,
      requestsPerSecond: 0.8 * wave(60),
      forwardedPerSecond: 0.5 * wave(45, 2),
      failedPerSecond: index % 190 === 0 ? 0.2 : 0,
      promptTokensPerSecond: 420 * wave(60),
      completionTokensPerSecond: 95 * wave(50, 0.4),
      firstTokenP50Ms: 240 * wave(80, 1),
      firstTokenP95Ms: 760 * wave(80, 1.3),
      running: Math.round(4 * wave(60)),
      queued: Math.round(1.2 * wave(40)),
      processBytes: 210e6 + 12e6 * wave(90),
      machineFreeBytes: 9.2e9 - 1.4e9 * wave(120),
    }
  })
  return { intervalMs: 5000, points }
}

async function pretend(page) {
  const data = MODELS.map(([id, description, , holders]) => ({
    ...{ id, object: 'model', created: 0, owned_by: 'local-ai', description },
    nodes: holders.map((index) => MACHINES[index]),
  }))
  const here = MODELS.filter(([, , , holders]) => holders.includes(0)).map(([id]) => id)
  const capabilities = here.map((id) => ({
    id,
    capabilities: id.includes('embed') ? ['embeddings'] : ['chat', 'completion', 'tokenize'],
  }))
  const loaded = { id: here[0], backend: 'llama-cpp', state: 'ready', in_flight: 2 }
  const answers = {
    '/v1/models': { object: 'list', data },
    '/api/p2p/federation': { nodes: nodes() },
    '/api/models/capabilities': { data: capabilities },
    '/system': { backends: ['llama-cpp'], loaded_models: [loaded], engine: null },
  }
  for (const [path, json] of Object.entries(answers)) await page.route(`**${path}`, (route) => route.fulfill({ json }))
}

async function pretendSeries(page) {
  await page.route('**/api/metrics/series?*', (route) => route.fulfill({ json: series() }))
}

async function keepConversation(page) {
  const facts = { model: 'qwen2.5-7b-instruct', node: 'studio', tokens: 128, firstTokenMs: 312, tokensPerSecond: 32.4 }
  const messages = [
    { role: 'user', text: 'Why does my bread not rise?' },
    { role: 'assistant', text: ANSWER, ...facts },
  ]
  const parameters = { system: '', temperature: '', topP: '', maxTokens: '' }
  const titles = ['Why does my bread not rise?', 'A letter to the landlord', 'Explain the tides to a child']
  const kept = titles.map((title, id) => ({
    id: `${id}`,
    title,
    model: facts.model,
    parameters,
    updatedUnixMs: 0,
    messages,
  }))
  await page.addInitScript((text) => localStorage.setItem('local-ai.conversations', text), JSON.stringify(kept))
}

/** Each page: how it is called, where it is, what is done before it is opened, and what then until it is worth a picture. */
const PAGES = [
  { name: 'logs', path: 'logs', ready: (page) => page.getByText('live', { exact: true }).waitFor() },
  ...NETWORK_SCREENS,
  {
    name: 'chat',
    path: 'chat',
    prepare: [pretend, keepConversation],
    ready: (page) => page.getByText('A cold kitchen').waitFor(),
  },
  { name: 'models', path: 'models', prepare: [pretend], ready: (page) => page.getByText('qwen3-0.6b').waitFor() },
  { name: 'gallery', path: 'models?tab=gallery', ready: (page) => page.getByText('smollm2-135m-instruct').waitFor() },
  {
    name: 'model',
    path: 'models',
    prepare: [pretend],
    async ready(page) {
      await page.getByRole('button', { name: 'qwen2.5-7b-instruct' }).click()
      await page.getByText('Who has it').waitFor()
    },
  },
  {
    name: 'model-editor',
    path: 'model-editor/embedder',
    ready: (page) => page.getByLabel('Configuration (YAML)').waitFor(),
  },
  {
    name: 'completion',
    path: 'completion/tiny-chat',
    async ready(page) {
      await page.getByLabel('Text', { exact: true }).fill('User: What is the capital of France?\nAssistant:')
      await page.getByRole('button', { name: 'Go on' }).click()
      await page.getByText(/\d+ tokens?$/).waitFor()
    },
  },
  {
    name: 'embeddings',
    path: 'embeddings/embedder',
    async ready(page) {
      await page.getByRole('button', { name: 'Compare' }).click()
      await page.getByText('Cosine').waitFor()
    },
  },
  { name: 'backends', path: 'backends', ready: (page) => page.getByText('part of this program').waitFor() },
  {
    name: 'metrics',
    path: 'metrics',
    prepare: [pretendSeries],
    ready: (page) => page.getByText('Until the first token').waitFor(),
  },
  { name: 'settings', path: 'settings', ready: (page) => page.getByText('Watchdog').waitFor() },
  { name: 'api', path: 'api', ready: (page) => page.getByText('/v1/chat/completions').last().waitFor() },
]

const asked = process.argv.slice(2)
const embedding = await tinyEmbedding()
await using node = await startLocalAi({
  prepare(folder) {
    mkdirSync(join(folder, 'models'))
    copyFileSync(embedding, join(folder, 'models', 'embedding.gguf'))
    const yaml =
      'name: embedder\nbackend: llama-cpp\nembeddings: true\ncontext_size: 512\nparameters:\n  model: embedding.gguf\n'
    writeFileSync(join(folder, 'models', 'embedder.yaml'), yaml)
  },
})
// So that the log has something to tell.
for (const question of ['What is the capital of France?', 'Who are you?', 'What is the capital of Italy?']) {
  const body = JSON.stringify({ model: 'tiny-chat', messages: [{ role: 'user', content: question }] })
  await fetch(`${node.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
  })
}
await using browser = await openBrowser()
for (const { name, path, prepare = [], ready } of PAGES) {
  if (asked.length > 0 && !asked.includes(name)) continue
  for (const [screen, options] of SCREENS) {
    for (const colorScheme of THEMES) {
      const { page, complaints } = await browser.open('about:blank', { ...options, colorScheme })
      for (const step of prepare) await step(page)
      await page.goto(`${node.url}/app/${path}`)
      await ready(page)
      // Fonts, charts and the last frame of an animation.
      await page.waitForTimeout(300)
      await page.screenshot({ path: join(target, `${name}-${screen}-${colorScheme}.png`) })
      if (complaints.length > 0) console.error(name, complaints)
      await page.context().close()
    }
  }
  console.error(`${name}: ${SCREENS.length * THEMES.length} pictures`)
}

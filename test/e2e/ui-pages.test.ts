import assert from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser, openBrowser, type TestBrowser, type WatchedPage } from '../support/browser.ts'
import { type FileServer, sendFile, startFileServer } from '../support/file-server.ts'
import { NEAR } from '../support/lending-machine.ts'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { poll } from '../support/poll.ts'
import { midLlama, tinyChat, tinyEmbedding } from '../support/tiny-models.ts'

const HOSTILE = '<img src=x onerror="window.hurt = 1">'
const PHONE = { viewport: { width: 390, height: 844 }, colorScheme: 'dark', isMobile: true } as const

const yamlOf = (name: string, file: string, more = ''): string =>
  `name: ${JSON.stringify(name)}\nbackend: llama-cpp\n${more}parameters:\n  model: ${file}\n`

/** What is written for people stays text: nothing ran, nothing was fetched. */
async function assertUnhurt(page: Page): Promise<void> {
  assert.equal(await page.evaluate('window.hurt'), undefined)
  assert.equal(await page.locator('main img, main script, main iframe, main [onerror]').count(), 0)
}

/** What is wider than a phone makes the page as wide, and its `innerWidth` too. */
async function assertFits(page: Page): Promise<void> {
  assert.equal(await page.evaluate('document.documentElement.scrollWidth'), PHONE.viewport.width, page.url())
}

async function ask(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}

describe('the pages of the web interface', { skip: noBrowser() }, () => {
  let server: FileServer
  let node: RunningNode
  let browser: TestBrowser
  let desktop: WatchedPage
  let phone: WatchedPage

  before(async () => {
    const chat = readFileSync(tinyChat())
    // A larger model, so that its answer has not ended before anybody can press a button.
    const [embedding, llama] = await Promise.all([tinyEmbedding(), midLlama()])
    server = await startFileServer((request, response) => sendFile(request, response, { body: chat }))
    const entry = { name: 'from-gallery', tags: ['small'], description: HOSTILE, license: 'mit' }
    const files = [{ filename: 'from-gallery.gguf', uri: `${server.origin}/chat.gguf` }]
    const overrides = { parameters: { model: 'from-gallery.gguf' }, backend: 'llama-cpp' }
    const starting = startLocalAi({
      arguments: ['--allow-private-downloads', '--galleries', '[{"name":"own","url":"./gallery.yaml"}]'],
      prepare(folder) {
        const models = join(folder, 'models')
        mkdirSync(models)
        // JSON is YAML.
        writeFileSync(join(folder, 'gallery.yaml'), JSON.stringify([{ ...entry, files, overrides }]))
        copyFileSync(embedding, join(models, 'embedding.gguf'))
        symlinkSync(llama, join(models, 'endless.gguf'))
        writeFileSync(join(models, 'embedder.yaml'), yamlOf('embedder', 'embedding.gguf', 'embeddings: true\n'))
        writeFileSync(join(models, 'endless.yaml'), `${yamlOf('endless', 'endless.gguf')}  ignore_eos: true\n`)
        const description = `description: ${JSON.stringify(HOSTILE)}\n`
        writeFileSync(join(models, 'hostile.yaml'), yamlOf(HOSTILE, 'endless.gguf', description))
      },
    })
    const opened = await Promise.all([starting, openBrowser()])
    node = opened[0]
    browser = opened[1]
    desktop = await browser.open('about:blank')
    phone = await browser.open('about:blank', PHONE)
  })

  after(async () => {
    await browser[Symbol.asyncDispose]()
    await node[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  // Errors of the console, and what the content security policy forbids. Browsers report each refusal of a request, too.
  afterEach(() => assert.deepEqual(browser.takeComplaints(), []))
  const takeRefusal = (status: number): void => {
    const [complaint = '', ...others] = browser.takeComplaints()
    assert.match(complaint, new RegExp(`status of ${status}`))
    assert.deepEqual(others, [])
  }

  it('a conversation streams, is asked again, and is there after a reload', async () => {
    const { page } = desktop
    await page.goto(`${node.url}/app/chat/tiny-chat`)
    await ask(page, 'What is the capital of France?')
    const answer = page.getByRole('article', { name: 'tiny-chat' })
    await answer.getByText('Paris').waitFor()
    await answer.getByText(/\d+ tokens · .* tokens\/s/).waitFor()
    await page.getByRole('button', { name: 'Again' }).click()
    await answer.getByText('Paris').waitFor()
    await desktop.checkAccessibility()
    await page.goto(`${node.url}/app/chat`)
    await page.getByRole('article', { name: 'tiny-chat' }).getByText('Paris').waitFor()
    assert.equal(await page.getByRole('article').count(), 2)
  })

  it('an answer can be stopped, and what fails is told in words', async () => {
    const { page } = phone
    await page.goto(`${node.url}/app/chat/endless`)
    await ask(page, 'Go on for ever')
    const answer = page.getByRole('article', { name: 'endless' })
    await answer.locator('.markdown').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await answer.getByText('stopped').waitFor()
    await node.waitForLog((line) => line.msg === 'request finished' && line['model'] === 'endless')
    await page.goto(`${node.url}/app/chat/embedder`)
    await page.getByRole('option', { name: 'embedder (not for this)' }).waitFor({ state: 'attached' })
    await ask(page, 'Hello')
    await page.getByRole('alert').waitFor()
    takeRefusal(400)
  })

  it('what models write can do nothing', async () => {
    const { page } = desktop
    await page.goto(`${node.url}/app/chat/tiny-chat`)
    const text = [
      '**bold** <script>window.hurt = 1</script>',
      HOSTILE,
      '[link](javascript:window.hurt=1) [good](https://example.com/) ![picture](https://example.com/p.png)',
      '```js\nlet a = "<b>"\n```',
      '<svg onload="window.hurt = 1"></svg><a href="data:text/html,x" class="toast">data</a>',
    ].join('\n\n')
    const call = { index: 0, id: 'c', type: 'function', function: { name: HOSTILE, arguments: '{"a":1}' } }
    const deltas = [{ reasoning_content: HOSTILE }, { content: text }, { tool_calls: [call] }]
    const events = deltas.map((delta) => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`)
    await page.route('**/v1/chat/completions', (route) =>
      route.fulfill({
        headers: { 'content-type': 'text/event-stream', 'x-localai-node': encodeURIComponent(HOSTILE) },
        body: `${events.join('')}data: [DONE]\n\n`,
      }),
    )
    await ask(page, HOSTILE)
    const answer = page.getByRole('article', { name: 'tiny-chat' })
    await answer.getByText('answered by <img').waitFor()
    const markdown = answer.locator('.markdown')
    assert.equal(await markdown.locator('strong').textContent(), 'bold')
    assert.equal(await markdown.locator('[class]:not(.code-block, .button)').count(), 0)
    const links = await markdown.locator('a[href]').evaluateAll((all) => all.map((one) => one.outerHTML))
    assert.equal(links.length, 2)
    for (const link of links) assert.match(link, /href="https:\/\/example\.com\/.*rel="noopener noreferrer nofollow"/)
    assert.equal((await markdown.locator('pre').textContent())?.trim(), 'let a = "<b>"')
    await markdown.getByRole('button', { name: 'Copy' }).waitFor()
    await desktop.checkAccessibility()
    await assertUnhurt(page)
    await page.unroute('**/v1/chat/completions')
  })

  it('a model of a gallery is installed, loaded, unloaded and deleted', async () => {
    const { page } = desktop
    await page.goto(`${node.url}/app/models?tab=gallery`)
    await page.getByRole('searchbox', { name: 'Search the galleries' }).fill('from-gal')
    const card = page.locator('section', { has: page.getByRole('heading', { name: 'from-gallery' }) }).last()
    await card.getByRole('button', { name: 'Install' }).click()
    await card.getByText('installed', { exact: true }).waitFor()
    await desktop.checkAccessibility()
    await page.getByRole('tab', { name: /In this network/ }).click()
    await page.getByRole('button', { name: 'from-gallery' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('button', { name: 'Load', exact: true }).click()
    await dialog.getByRole('button', { name: 'Unload' }).click()
    await dialog.getByText('not in the memory of this node').waitFor()
    await desktop.checkAccessibility()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await dialog.getByText('Delete from-gallery?').waitFor()
    await dialog.getByRole('button', { name: 'Delete' }).click()
    await page.getByRole('button', { name: 'from-gallery' }).waitFor({ state: 'detached' })
    // What ships with the node is no file that could be changed.
    await page.getByRole('button', { name: 'tiny-chat' }).click()
    await dialog.getByRole('button', { name: 'Chat' }).waitFor()
    assert.equal(await dialog.getByRole('button', { name: /Edit|Delete/ }).count(), 0)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    await poll(
      'the focus is back',
      5000,
      async () => (await page.evaluate('document.activeElement.textContent')) === 'tiny-chat',
    )
    await assertUnhurt(page)
  })

  it('a configuration is taken over when it is right, and else said to be wrong', async () => {
    const { page } = desktop
    await page.goto(`${node.url}/app/models`)
    await page.getByRole('button', { name: 'endless', exact: true }).click()
    await page.getByRole('button', { name: 'Edit' }).click()
    const text = page.getByLabel('Configuration (YAML)')
    await text.fill(yamlOf('endless', 'endless.gguf', 'context_size: many\n'))
    await page.getByRole('button', { name: 'Save' }).click()
    assert.match((await page.getByRole('alert').textContent()) ?? '', /context_size/)
    takeRefusal(400)
    // Saved by somebody else, while this page is open.
    const file = join(node.folder, 'models', 'endless.yaml')
    writeFileSync(file, yamlOf('endless', 'endless.gguf', 'context_size: 128\n'))
    await text.fill(yamlOf('endless', 'endless.gguf', 'context_size: 256\n'))
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Somebody else has changed this configuration meanwhile').waitFor()
    takeRefusal(412)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Model "endless" changed').waitFor()
    assert.match(readFileSync(file, 'utf8'), /context_size: 256/)
  })

  it('the log is followed as it grows, and shows what strangers wrote as text', async () => {
    const { page } = desktop
    await page.goto(`${node.url}/app/logs`)
    await page.getByText('live', { exact: true }).waitFor()
    await fetch(`${node.url}/models/apply`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: HOSTILE }),
    })
    await page
      .getByRole('cell', { name: /onerror/ })
      .first()
      .waitFor()
    await page.getByRole('searchbox', { name: 'Text in the line' }).fill('no such words')
    await page.getByText('No line fits').waitFor()
    await desktop.checkAccessibility()
    await page.goto(`${node.url}/app/models`)
    await page.getByText('has failed').waitFor()
    await page.getByRole('button', { name: 'Dismiss' }).click()
    await page.getByText('has failed').waitFor({ state: 'detached' })
    await assertUnhurt(page)
  })

  it('settings are saved, and a wrong one is told at its field', async () => {
    const { page } = desktop
    await page.goto(`${node.url}/app/settings`)
    const field = page.getByLabel('Idle for')
    await field.fill('soon')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Invalid watchdog_idle_timeout format').waitFor()
    assert.equal(await field.getAttribute('aria-invalid'), 'true')
    takeRefusal(400)
    await desktop.checkAccessibility()
    await field.fill('20m')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Nothing has changed').waitFor()
    const settings = (await (await fetch(`${node.url}/api/settings`)).json()) as Record<string, unknown>
    assert.equal(settings['watchdog_idle_timeout'], '20m')
  })

  it('settings that somebody else has changed meanwhile are not overwritten unseen', async () => {
    const { page } = desktop
    const url = `${node.url}/api/settings`
    const elsewhere = async (body: unknown): Promise<void> => {
      const headers = { 'content-type': 'application/json' }
      assert.equal((await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) })).status, 200)
    }
    await elsewhere({ lend_to: ['first'] })
    await page.goto(`${node.url}/app/settings`)
    const [lendTo, idle] = [page.getByLabel('Lend to these nodes only'), page.getByLabel('Idle for')]
    await lendTo.fill('first\nmine')
    await idle.fill('21m')
    await elsewhere({ lend_to: ['first', 'theirs'], watchdog_idle_timeout: '22m' })
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Somebody else has made this “22m” meanwhile').waitFor()
    takeRefusal(412)
    await desktop.checkAccessibility()
    assert.equal(await lendTo.inputValue(), 'first\ntheirs\nmine')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Nothing has changed').waitFor()
    const settings = (await (await fetch(url)).json()) as Record<string, unknown>
    assert.deepEqual([settings['lend_to'], settings['watchdog_idle_timeout']], [['first', 'theirs', 'mine'], '21m'])
    await elsewhere({ lend_to: null, watchdog_idle_timeout: null })
  })

  it('the other pages work, on a phone as well', async () => {
    const { page } = phone
    await page.goto(`${node.url}/app/embeddings/embedder`)
    await page.getByRole('button', { name: 'Compare' }).click()
    await page.getByText('Vectors of 64 numbers').waitFor()
    assert.equal(await page.getByRole('cell', { name: '1.000' }).count(), 3)
    await phone.checkAccessibility()
    await page.goto(`${node.url}/app/completion/tiny-chat`)
    await page.getByLabel('Text').fill('The capital')
    await page.getByLabel('Most tokens').fill('4')
    await page.getByRole('button', { name: 'Go on' }).click()
    await page.getByText('4 tokens').waitFor()
    await page.goto(`${node.url}/app`)
    await page.getByText('This node is in no network').waitFor()
    await page.getByRole('heading', { level: 1, name: 'Network' }).waitFor()
    for (const [path, sign] of [
      ['backends', 'part of this program'],
      ['metrics', 'Until the first token'],
      ['api', '/v1/chat/completions'],
    ] as const) {
      await page.goto(`${node.url}/app/${path}`)
      await page.getByText(sign).first().waitFor()
      await phone.checkAccessibility()
      await assertFits(page)
    }
    await page.goto(`${node.url}/app/models`)
    await page.getByRole('button', { name: HOSTILE }).click()
    const dialog = page.getByRole('dialog')
    const [title, close] = await Promise.all(
      [dialog.getByRole('heading'), dialog.getByRole('button', { name: 'Close' })].map((part) => part.boundingBox()),
    )
    assert.ok(title && close && close.x >= title.x + title.width, 'the way out is beside a long name, not below it')
    assert.ok(close.y < title.y + title.height && close.x + close.width <= PHONE.viewport.width)
    await page.goto(`${node.url}/app/model-editor/${'x'.repeat(96)}`)
    await page.getByRole('alert').waitFor()
    takeRefusal(404)
    await assertFits(page)
    await assertUnhurt(page)
  })

  it('a page offers the models that are for it, and says what to do when there is none', async () => {
    const { page } = desktop
    const offered = async (path: string): Promise<readonly string[]> => {
      await page.goto(`${node.url}/app/${path}`)
      const select = page.getByLabel('Model', { exact: true })
      await select.locator('option:not([value=""])').first().waitFor({ state: 'attached' })
      return await select.locator('option').allTextContents()
    }
    assert.deepEqual(await offered('embeddings'), ['embedder'])
    for (const path of ['chat', 'completion']) {
      const models = await offered(path)
      assert.ok(models.includes('tiny-chat') && !models.includes('embedder'), `${path}: ${models}`)
    }
    await page.goto(`${node.url}/app/models`)
    await page.getByRole('button', { name: 'embedder', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Embeddings' }).click()
    await page.getByRole('heading', { name: 'Embeddings' }).waitFor()
    const chatOnly = { object: 'list', data: [{ id: 'tiny-chat', object: 'model', created: 0, owned_by: 'x' }] }
    await page.route('**/v1/models', (route) => route.fulfill({ json: chatOnly }))
    await page.goto(`${node.url}/app/embeddings`)
    await page.getByText('No model of this network makes embeddings').waitFor()
    assert.ok(await page.getByRole('button', { name: 'Compare' }).isDisabled())
    await desktop.checkAccessibility()
    await page.getByRole('link', { name: 'Install one from the gallery' }).click()
    await page.getByRole('searchbox', { name: 'Search the galleries' }).waitFor()
    await page.unroute('**/v1/models')
    const fresh = await browser.open('about:blank')
    await fresh.page.route('**/v1/models', (route) => route.fulfill({ json: { object: 'list', data: [] } }))
    await fresh.page.goto(`${node.url}/app/chat`)
    await fresh.page.getByText('No node of this network has a model yet').waitFor()
    assert.ok(await fresh.page.getByRole('button', { name: 'Send' }).isDisabled())
  })

  it('pages that a node has nothing for, or not for everybody, are not shown', async () => {
    const { page } = desktop
    await page.route('**/api/features', (route) => route.fulfill({ json: { agents: false, mcp: true, logs: true } }))
    await page.goto(`${node.url}/app/models`)
    await page.getByRole('link', { name: 'Logs' }).waitFor()
    for (const name of ['Settings', 'Backends', 'Metrics']) {
      assert.equal(await page.getByRole('link', { name }).count(), 0, name)
    }
    await page.getByRole('button', { name: 'tiny-chat' }).waitFor()
    assert.equal(await page.getByRole('tab').count(), 0)
    await page.unroute('**/api/features')
    const told = { reset: { version: 'v1', manages: false }, nodes: [] }
    await page.route('**/api/events', (route) =>
      route.fulfill({ headers: { 'content-type': 'text/event-stream' }, body: `data: ${JSON.stringify(told)}\n\n` }),
    )
    await page.reload()
    await page.getByRole('link', { name: 'Metrics' }).waitFor()
    for (const name of ['Settings', 'Backends', 'Logs']) {
      assert.equal(await page.getByRole('link', { name }).count(), 0, name)
    }
    await page.getByRole('button', { name: 'endless', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Chat' }).waitFor()
    assert.equal(
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /Load|Edit|Delete/ })
        .count(),
      0,
    )
  })

  it('who only looks at a network in which nobody serves is told who sees more', async () => {
    await using alone = await startLocalAi({ arguments: ['--p2p', ...NEAR] })
    const own = await browser.open(`${alone.url}/app`)
    await own.page.getByText('Only this node so far').waitFor()
    // Through a proxy nobody is known to be on this machine.
    const visitor = await browser.open(`${alone.url}/app`, { extraHTTPHeaders: { 'x-forwarded-for': '10.1.1.1' } })
    await visitor.page.getByText('No node here serves others yet').waitFor()
    assert.equal(await visitor.page.getByRole('table').count(), 0)
    await visitor.checkAccessibility()
    // Pages that are left open would complain of the node that goes.
    for (const { page } of [own, visitor]) await page.context().close()
  })
})

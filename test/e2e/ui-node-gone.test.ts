import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { noBrowser, openBrowser, type TestBrowser } from '../support/browser.ts'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { type PrefixProxy, startPrefixProxy } from '../support/prefix-proxy.ts'
import { midLlama } from '../support/tiny-models.ts'

/** Pages ask again after a pause that grows up to ten seconds. */
const BACK_MS = 25_000

describe('pages whose node goes and comes back', { timeout: 120_000, skip: noBrowser() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-ui-gone-'))
  let node: RunningNode
  let browser: TestBrowser
  /** The same address for the node that comes back: its port may be somebody else's by then. */
  let door: PrefixProxy
  before(async () => {
    const models = join(folder, 'models')
    mkdirSync(models)
    symlinkSync(await midLlama(), join(models, 'endless.gguf'))
    const config = { name: 'endless', backend: 'llama-cpp', parameters: { model: 'endless.gguf', ignore_eos: true } }
    writeFileSync(join(models, 'endless.yaml'), JSON.stringify(config))
    const opened = await Promise.all([startLocalAi({ folder }), openBrowser()])
    node = opened[0]
    browser = opened[1]
    door = await startPrefixProxy(() => node.url, '/here')
  })
  after(async () => {
    await browser[Symbol.asyncDispose]()
    await door[Symbol.asyncDispose]()
    await node[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true, force: true })
  })

  it('an answer that breaks off, what was seen last, and a page that was not loaded yet are told in words', async () => {
    const [chat, models] = await Promise.all(
      ['chat/endless', 'models'].map((path) => browser.open(`${door.url}/app/${path}`)),
    )
    assert.ok(chat && models)
    await chat.page.getByLabel('Your message').fill('Go on for ever')
    await chat.page.getByRole('button', { name: 'Send' }).click()
    const answer = chat.page.getByRole('article', { name: 'endless' })
    await answer.locator('.markdown').waitFor()
    const row = models.page.getByRole('button', { name: 'endless' })
    await row.waitFor()
    await node.end('SIGKILL')
    await answer.getByText('The connection to this node was lost in the middle of the answer.').waitFor()
    await models.page.getByText('There is no connection to this node').waitFor()
    await models.page.getByRole('alert').getByText('This node does not answer.').waitFor()
    assert.ok(await row.isVisible(), 'the models that were known stay')
    await models.page.getByRole('link', { name: 'Settings' }).click()
    await models.page.getByText('The page comes as soon as it does.').waitFor()
    node = await startLocalAi({ folder })
    await models.page.getByRole('heading', { name: 'Watchdog' }).waitFor({ timeout: BACK_MS })
    await models.page.getByText('There is no connection to this node').waitFor({ state: 'detached' })
  })

  it('a node that falls silent, without the end of a connection, is missed, and found again', async () => {
    const { page } = await browser.open('about:blank')
    await page.clock.install()
    await page.goto(`${node.url}/app/logs`)
    await page.getByText('local-ai is ready').waitFor()
    const banner = page.getByText('There is no connection to this node')
    node.child.kill('SIGSTOP')
    try {
      await page.clock.fastForward(60_000)
      await banner.waitFor()
    } finally {
      node.child.kill('SIGCONT')
    }
    await banner.waitFor({ state: 'detached', timeout: BACK_MS })
  })

  it('a page that a browser has kept, and that is there before its node, has everything when the node comes', async () => {
    await using guarded = await startLocalAi({ arguments: ['--auth-enabled'] })
    for (const [url, shown] of [
      [node.url, 'link'],
      [guarded.url, 'tab'],
    ] as const) {
      const { page } = await browser.open('about:blank')
      await page.route('**/api/**', (route) => route.abort())
      await page.goto(`${url}/app/api`)
      await page.getByText('There is no connection to this node').waitFor()
      await page.unroute('**/api/**')
      const name = shown === 'link' ? 'Settings' : 'First admin'
      await page.getByRole(shown, { name }).waitFor({ timeout: BACK_MS })
    }
  })

  it('what could not be read is read when it is back', async () => {
    const { page } = await browser.open(`${door.url}/app/backends`)
    await page.getByText('part of this program').waitFor()
    await page.getByRole('link', { name: 'API' }).click()
    await page.getByText('/v1/chat/completions').last().waitFor()
    await node.end('SIGKILL')
    await page.getByText('There is no connection to this node').waitFor()
    await page.getByRole('link', { name: 'Backends' }).click()
    await page.getByRole('alert').getByText('This node does not answer.').waitFor()
    node = await startLocalAi({ folder })
    await page.getByText('part of this program').waitFor({ timeout: BACK_MS })
  })
})

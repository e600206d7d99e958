import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser, openBrowser, type TestBrowser } from '../support/browser.ts'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { poll } from '../support/poll.ts'

describe('a page whose key is taken back', { timeout: 60_000, skip: noBrowser() }, () => {
  let node: RunningNode
  let browser: TestBrowser
  const allow = (folder: string, key: string): void =>
    writeFileSync(join(folder, 'configuration', 'api_keys.json'), JSON.stringify([key]))

  before(async () => {
    const opened = await Promise.all([
      startLocalAi({
        prepare(folder) {
          for (const name of ['configuration', 'models']) mkdirSync(join(folder, name))
          allow(folder, 'first')
          writeFileSync(join(folder, 'models', 'mine.yaml'), 'name: mine\nparameters:\n  model: mine.gguf\n')
        },
      }),
      openBrowser(),
    ])
    node = opened[0]
    browser = opened[1]
  })
  after(async () => {
    await browser[Symbol.asyncDispose]()
    await node[Symbol.asyncDispose]()
  })

  async function signIn(page: Page, key: string): Promise<void> {
    await page.getByLabel('API key').fill(key)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByLabel('API key').waitFor({ state: 'detached' })
  }

  async function replaceKey(key: string): Promise<void> {
    allow(node.folder, key)
    const headers = { authorization: `Bearer ${key}` }
    await poll('the other key counts', 5000, async () => (await fetch(`${node.url}/v1/models`, { headers })).ok)
  }

  it('has what was typed after the next sign-in, and saves it', async () => {
    const { page } = await browser.open(`${node.url}/app/model-editor/mine`)
    await signIn(page, 'first')
    const field = page.getByLabel('Configuration (YAML)')
    await field.fill('name: mine\ndescription: written at length\nparameters:\n  model: mine.gguf\n')
    await replaceKey('second')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByLabel('API key').waitFor()
    assert.equal(await field.isVisible(), false)
    await signIn(page, 'second')
    assert.match(await field.inputValue(), /written at length/)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('heading', { name: 'Models' }).waitFor()
  })

  it('has the message that nobody has sent, whatever it was that was refused', async () => {
    await replaceKey('third')
    const { page } = await browser.open(`${node.url}/app/chat/tiny-chat`)
    await signIn(page, 'third')
    const message = page.getByLabel('Your message')
    await message.fill('Not sent yet')
    await replaceKey('fourth')
    // As a browser says it to a tab that is looked at again.
    await page.evaluate('document.dispatchEvent(new Event("visibilitychange"))')
    await signIn(page, 'fourth')
    assert.equal(await message.inputValue(), 'Not sent yet')
    await page.getByRole('button', { name: 'Send' }).click()
    await page
      .getByRole('article', { name: 'tiny-chat' })
      .getByText(/\d+ tokens?\b/)
      .waitFor()
  })
})

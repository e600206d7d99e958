import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, afterEach, before, describe, it } from 'node:test'
import type { Page } from 'playwright-core'
import { noBrowser, openBrowser, type TestBrowser } from '../support/browser.ts'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { midLlama } from '../support/tiny-models.ts'

async function ask(page: Page, text: string): Promise<void> {
  await page.getByLabel('Your message').fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}

const listed = (page: Page) => page.locator('.chat-list-item')
const answered = (page: Page) => page.getByText(/\d+ tokens?\b/).last()

describe('conversations of a browser', { timeout: 120_000, skip: noBrowser() }, () => {
  let node: RunningNode
  let browser: TestBrowser
  before(async () => {
    const llama = await midLlama()
    const opened = await Promise.all([
      startLocalAi({
        prepare(folder) {
          mkdirSync(join(folder, 'models'))
          symlinkSync(llama, join(folder, 'models', 'endless.gguf'))
          const config = {
            name: 'endless',
            backend: 'llama-cpp',
            parameters: { model: 'endless.gguf', ignore_eos: true },
          }
          writeFileSync(join(folder, 'models', 'endless.yaml'), JSON.stringify(config))
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
  afterEach(() => assert.deepEqual(browser.takeComplaints(), []))

  it('two tabs keep all that is said in either of them', async () => {
    const { page: one } = await browser.open(`${node.url}/app/chat/tiny-chat`)
    const two = await one.context().newPage()
    await two.goto(`${node.url}/app/chat/tiny-chat`)
    await ask(one, 'From the first tab')
    await answered(one).waitFor()
    await listed(two).getByText('From the first tab').waitFor()
    await ask(two, 'From the second tab')
    await answered(two).waitFor()
    await one.reload()
    await listed(one).nth(1).waitFor()
    assert.deepEqual(await listed(one).allTextContents(), ['From the second tab', 'From the first tab'])
    await two.getByRole('button', { name: 'Delete: From the second tab' }).click()
    await two.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await listed(one).getByText('From the second tab').waitFor({ state: 'detached' })
  })

  it('a conversation that is open in two tabs goes on in both', async () => {
    const { page: one } = await browser.open(`${node.url}/app/chat/tiny-chat`)
    await ask(one, 'What is the capital of France?')
    await answered(one).waitFor()
    const two = await one.context().newPage()
    await two.goto(`${node.url}/app/chat`)
    await ask(two, 'And of Italy?')
    await two
      .getByRole('article')
      .nth(3)
      .getByText(/\d+ tokens?\b/)
      .waitFor()
    await one
      .getByRole('article')
      .nth(3)
      .getByText(/\d+ tokens?\b/)
      .waitFor()
  })

  it('one that is deleted while it is answered stays deleted', async () => {
    const { page } = await browser.open(`${node.url}/app/chat/endless`)
    await ask(page, 'Go on for ever')
    await page.getByRole('article', { name: 'endless' }).locator('.markdown').waitFor()
    const over = page.waitForEvent('requestfailed')
    await page.getByRole('button', { name: 'Delete: Go on for ever' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
    await over
    await page.reload()
    await page.getByText('Ask something').waitFor()
    assert.equal(await listed(page).count(), 0)
  })

  it('what an older version has kept is taken over', async () => {
    const { page } = await browser.open(`${node.url}/app/api`)
    await page.evaluate(() => {
      const parameters = { system: '', temperature: '', topP: '', maxTokens: '' }
      const messages = [{ role: 'user', text: 'kept' }]
      const kept = ['older', 'newer'].map((title, index) => {
        return { id: title, title, model: 'tiny-chat', parameters, updatedUnixMs: index, messages }
      })
      localStorage.setItem('local-ai.conversations', JSON.stringify(kept))
    })
    await page.goto(`${node.url}/app/chat`)
    await listed(page).nth(1).waitFor()
    assert.deepEqual(await listed(page).allTextContents(), ['newer', 'older'])
  })
})

import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { noBrowser, openBrowser, type TestBrowser, type WatchedPage } from '../support/browser.ts'
import { type RunningNode, startLocalAi } from '../support/local-ai.ts'
import { type Swarm, startSwarm } from '../support/swarm.ts'

const HOSTILE = `<img src=x onerror="document.title='broken'">`
const NAME = `Lab ${HOSTILE}`

describe('an explorer, looked at with a browser', { timeout: 150_000, skip: noBrowser() }, () => {
  let swarm: Swarm
  let explorer: RunningNode
  let browser: TestBrowser
  let opened: WatchedPage
  let viewToken = ''
  let key = ''
  before(async () => {
    const words = ['--with-sync', '--allow-private-addresses', '--visit-interval', '500ms']
    const open = ['--p2p-public-summary', '--p2p-public-name', HOSTILE]
    ;[swarm, explorer, browser] = await Promise.all([
      startSwarm([{ name: 'ada', scripted: ['tiny'], arguments: open }]),
      startLocalAi({ subcommand: 'explorer', arguments: words }),
      openBrowser(),
    ])
    const told = (await swarm.node('ada').ask('/api/p2p/view-token')) as { viewToken: string }
    viewToken = told.viewToken
    opened = await browser.open(explorer.url)
    opened.page.setDefaultTimeout(15_000)
  })
  after(async () => {
    await browser?.[Symbol.asyncDispose]()
    await explorer?.[Symbol.asyncDispose]()
    await swarm?.[Symbol.asyncDispose]()
  })

  async function fillIn(token: string): Promise<void> {
    const { page } = opened
    await page.getByRole('textbox', { name: 'Name' }).fill(NAME)
    await page.getByLabel('Description').fill(`${HOSTILE}\nanother line`)
    await page.getByLabel('View token or token').fill(token)
    await page.getByRole('button', { name: 'Add', exact: true }).click()
  }

  it('adds a network, which appears by itself', async () => {
    const { page } = opened
    await page.getByText('No networks available with online workers.').waitFor()
    await page.getByText('Add a network').click()
    await opened.checkAccessibility()
    await fillIn(viewToken)
    key = await page.getByLabel('Key to edit or remove this entry').inputValue()
    assert.match(key, /^lae-/)
    await page.getByRole('link', { name: NAME }).waitFor()
    assert.equal(
      await page.getByLabel('Key to edit or remove this entry').inputValue(),
      key,
      'the page was not loaded anew',
    )
    await opened.checkAccessibility()
    assert.deepEqual(opened.complaints, [])
  })

  it('warns of a token that makes everybody a member, and takes no network twice', async () => {
    const { page, complaints } = opened
    await fillIn(swarm.token)
    await page.getByText('Token already exists').waitFor()
    assert.equal(complaints.length, 1)
    assert.match(complaints[0] ?? '', /409/)
  })

  it('finds it by its model, and shows its page', async () => {
    const { page } = opened
    await page.getByLabel('Search').fill('no such thing')
    await page.getByText('No network with online workers fits this search.').waitFor()
    await page.getByLabel('Search').fill('tiny')
    await page.getByRole('link', { name: NAME }).click()
    await page.getByRole('heading', { name: NAME, level: 1 }).waitFor()
    await page.getByText(`calls itself ${HOSTILE}`).waitFor()
    await page.getByRole('rowheader', { name: 'tiny', exact: true }).waitFor()
    await page.getByRole('img', { name: /^Nodes: now 1/ }).waitFor()
    await opened.checkAccessibility()
    assert.equal(await page.locator('img[src="x"]').count(), 0)
    assert.doesNotMatch(await page.title(), /^broken/)
    assert.equal((await page.content()).includes(viewToken), false)
    await page.getByRole('link', { name: '30 days' }).click()
    await page.getByRole('img', { name: /^Uptime: now 100\s%/ }).waitFor()
  })

  it('can be used in the dark, on a phone, with the keyboard', async () => {
    const options = { colorScheme: 'dark', viewport: { width: 390, height: 844 } } as const
    const phone = await browser.open(explorer.url, options)
    await phone.page.getByRole('link', { name: NAME }).waitFor()
    await phone.checkAccessibility()
    const width = await phone.page.evaluate('document.documentElement.scrollWidth')
    assert.ok(Number(width) <= 390, `it is ${width} wide`)
    await phone.page.keyboard.press('Tab')
    assert.equal(await phone.page.evaluate('document.activeElement.textContent'), 'Skip to the content')
    await phone.page.goto(`${explorer.url}/status`)
    await phone.checkAccessibility()
    assert.deepEqual(phone.complaints, [])
    await phone.page.context().close()
  })

  it('is edited and left with the key', async () => {
    const { page } = opened
    const before = opened.complaints.length
    page.on('dialog', (dialog) => void dialog.accept())
    await page.getByText('Edit or remove this entry').click()
    await page.getByLabel('Key', { exact: true }).fill(key)
    await page.getByRole('textbox', { name: 'Name' }).fill('A quiet name')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    await page.getByRole('heading', { name: 'A quiet name', level: 1 }).waitFor()
    await opened.checkAccessibility()
    await page.getByRole('button', { name: 'Remove from the list' }).click()
    await page.getByText('No networks available with online workers.').waitFor()
    assert.equal(opened.complaints.length, before)
  })
})

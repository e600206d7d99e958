import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { startEntry } from '../integration/api-harness.ts'
import { fakeNetwork, peerOf } from '../integration/fake-network.ts'
import { scriptedRouter } from '../integration/scripted-router.ts'
import { noBrowser, openBrowser, type TestBrowser, type WatchedPage } from '../support/browser.ts'
import { startPrefixProxy } from '../support/prefix-proxy.ts'
import { type Swarm, startSwarm } from '../support/swarm.ts'

const HOSTILE = '<img src=x onerror=alert(1)> "\'`'
const KEY = 'key-of-the-door'
/** From the death of a node to its being grey on every page. */
const GREY_MS = 3000

describe('the network, looked at with a browser', { timeout: 150_000, skip: noBrowser() }, () => {
  let swarm: Swarm
  let browser: TestBrowser
  let ada: WatchedPage
  before(async () => {
    const [started, opened] = await Promise.all([
      startSwarm([
        { name: 'ada', owner: true, scripted: ['of-ada'], environment: { npm_lifecycle_event: 'start' } },
        { name: 'door', entry: true, apiKey: KEY, environment: { npm_lifecycle_event: '', npm_command: 'exec' } },
      ]),
      openBrowser(),
    ])
    swarm = started
    browser = opened
    ada = await browser.open(swarm.node('ada').url)
  })
  after(async () => {
    await browser[Symbol.asyncDispose]()
    await swarm[Symbol.asyncDispose]()
  })

  it('shows a node that joins', async () => {
    const { page, complaints } = ada
    const rows = page.getByRole('table', { name: 'Nodes' }).getByRole('row')
    await rows.filter({ hasText: 'this node' }).waitFor()
    const entry = rows.filter({ hasText: 'door' })
    await entry.getByRole('cell', { name: 'entry' }).waitFor()
    assert.doesNotMatch((await entry.textContent()) ?? '', /0\/0/)
    assert.equal(await rows.filter({ hasText: 'bob' }).count(), 0)
    await swarm.add({ name: 'bob', scripted: ['of-bob'] })
    const bob = rows.filter({ hasText: 'of-bob' })
    await bob.filter({ hasText: 'linked' }).waitFor()
    await page.locator('svg a.node', { hasText: 'bob' }).waitFor()
    await ada.checkAccessibility()
    await bob.getByRole('link').click()
    await page.getByRole('heading', { name: 'bob' }).waitFor()
    await page.getByText('of-bob', { exact: true }).waitFor()
    await ada.checkAccessibility()
    assert.deepEqual(complaints, [])
  })

  it('lets a person talk to a model of the other node', async () => {
    const { page, complaints } = ada
    await page.getByRole('link', { name: 'Chat' }).first().click()
    await page.getByLabel('Model', { exact: true }).selectOption('of-bob')
    await page.getByRole('textbox', { name: 'Message' }).fill('hello there')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('answered by bob').waitFor()
    assert.deepEqual(complaints, [])
  })

  it('tells where a request went, and why', async () => {
    const { page, complaints } = ada
    await page.getByRole('link', { name: 'Requests' }).first().click()
    const row = page.getByRole('row').filter({ hasText: 'of-bob' })
    await row.filter({ hasText: 'answered' }).waitFor()
    await ada.checkAccessibility()
    await page.getByRole('searchbox').fill('no such thing')
    await page.getByText('No request is like that').waitFor()
    await page.getByRole('searchbox').fill('OF-BOB')
    await row.getByRole('link').click()
    await page.getByText('It asked for of-bob; bob served it.').waitFor()
    await page.getByRole('table', { name: 'Candidates' }).getByText('bob').waitFor()
    await ada.checkAccessibility()
    assert.deepEqual(complaints, [])
  })

  it('greys a node that was killed, soon', async () => {
    const { page, complaints } = ada
    await page.getByRole('link', { name: 'Network' }).first().click()
    const bob = page.getByRole('row').filter({ hasText: 'bob' })
    await bob.filter({ hasText: 'linked' }).waitFor()
    await swarm.node('bob').end('SIGKILL')
    await bob.filter({ hasText: 'gone' }).waitFor({ timeout: GREY_MS })
    await page.locator('svg a.node.gone', { hasText: 'bob' }).waitFor({ timeout: 500 })
    assert.deepEqual(complaints, [])
  })

  it('shows how a machine joins, and the token when it is asked for', async () => {
    const { page, complaints } = ada
    await page.getByRole('button', { name: 'Add a machine' }).click()
    const dialog = page.getByRole('dialog')
    // As the program of this node was started.
    await dialog.getByText('npm start -- run --p2p --federated').waitFor()
    assert.ok(!(await page.content()).includes(swarm.token))
    await dialog.getByRole('button', { name: 'Show the token' }).click()
    await dialog.getByRole('img', { name: 'The token as a QR code' }).waitFor()
    assert.ok((await dialog.textContent())?.includes(swarm.token))
    await ada.checkAccessibility()
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Add a machine')
    assert.deepEqual(complaints, [])
  })

  it('removes a node, and takes it back', async () => {
    const { page, complaints } = ada
    await page.getByRole('row').filter({ hasText: 'door' }).getByRole('link').click()
    await page.getByRole('button', { name: 'Remove from the network' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('cuts it off at once').waitFor()
    await ada.checkAccessibility()
    await dialog.getByRole('button', { name: 'Remove' }).click()
    await page.getByRole('heading', { name: 'Who may be here' }).waitFor()
    await page.getByText('Newcomers have to be admitted').waitFor()
    await page.getByRole('row').filter({ hasText: 'door' }).waitFor({ state: 'detached' })
    await page.getByRole('button', { name: 'Add a machine' }).click()
    await dialog.getByText('the owner of the network has to admit the machine').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Admit door' }).click()
    await page.getByRole('row').filter({ hasText: 'door' }).filter({ hasText: 'linked' }).waitFor()
    await page.getByRole('button', { name: 'Let in whoever has the token' }).click()
    await page.getByRole('heading', { name: 'Who may be here' }).waitFor({ state: 'detached' })
    await ada.checkAccessibility()
    assert.deepEqual(complaints, [])
  })

  it('drains this node, and takes it back', async () => {
    const { page, complaints } = ada
    await page.getByRole('button', { name: 'Drain this node' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Drain' }).click()
    const row = page.getByRole('row').filter({ hasText: 'ada' })
    await row.filter({ hasText: 'draining' }).waitFor()
    await page.getByRole('button', { name: 'Take requests again' }).click()
    await row.filter({ hasText: 'this node' }).waitFor()
    assert.deepEqual(complaints, [])
  })

  it('is the same at an entry behind a prefix, for those who have a key', async () => {
    await using proxy = await startPrefixProxy(() => swarm.node('door').url, '/some/where')
    const { page, complaints, checkAccessibility } = await browser.open(`${proxy.url}/app/p2p`, {
      viewport: { width: 390, height: 844 },
      colorScheme: 'dark',
    })
    const key = page.getByLabel('API key')
    await key.fill('wrong')
    await checkAccessibility()
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('this is no key of this node').waitFor()
    await key.fill(KEY)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('row').filter({ hasText: 'ada' }).filter({ hasText: 'linked' }).waitFor()
    await checkAccessibility()
    await page.getByRole('row').filter({ hasText: 'ada' }).getByRole('link').click()
    const copy = await page.getByRole('button', { name: 'Copy' }).boundingBox()
    assert.ok(copy && copy.height < copy.width, 'a button beside a long id is as wide as its words')
    await page.goBack()
    await page.getByRole('button', { name: 'Add a machine' }).click()
    await page.getByLabel('What shall it do?').selectOption('entry')
    await page.getByText('npx local-ai federated').waitFor()
    await page.keyboard.press('Escape')
    await page.goto(`${proxy.url}/app/embeddings`)
    await page.getByText('No model of this network makes embeddings. The owner of a node').waitFor()
    await page.goto(`${proxy.url}/app`)
    await page.getByRole('button', { name: 'Menu' }).click()
    await page.getByRole('link', { name: 'Requests' }).click()
    await page.getByText('What came to this node').waitFor()
    assert.equal(new URL(page.url()).pathname, '/some/where/app/requests')
    await page.reload()
    await page.getByText('What came to this node').waitFor()
    // Browsers report each refusal.
    assert.deepEqual(
      complaints.filter((complaint) => !complaint.includes('status of 401')),
      [],
    )
  })

  it('shows what other nodes say as words, and two hundred of them', async () => {
    const model = { name: HOSTILE, loaded: true, capabilities: [HOSTILE], description: HOSTILE }
    const offer = { models: [model], version: HOSTILE, device: HOSTILE, backends: [HOSTILE], group: HOSTILE }
    const others = Array.from({ length: 199 }, (_, index) => peerOf(`node-${index}`))
    const hostile = peerOf(HOSTILE, { offer })
    const { p2p } = fakeNetwork().deps
    await using entry = await startEntry({
      p2p: { ...p2p, peers: () => [hostile, ...others] },
      networkModels: () => [],
      router: scriptedRouter().router,
    })
    const { page, complaints } = await browser.open(`${entry.url}/app`)
    const dialogs: string[] = []
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message())
      void dialog.dismiss()
    })
    await page.locator('svg a.node').nth(200).waitFor()
    // Only the rows that are seen are drawn.
    const rows = page.getByRole('table', { name: 'Nodes' }).getByRole('row')
    assert.ok((await rows.count()) < 60)
    await page.getByRole('searchbox').fill('onerror')
    await rows.filter({ hasText: HOSTILE }).getByRole('link').click()
    await page.getByRole('heading', { name: HOSTILE }).waitFor()
    assert.equal(await page.locator('img').count(), 0)
    assert.deepEqual([complaints, dialogs], [[], []])
  })
})

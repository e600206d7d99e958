import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']
/** What is wrong enough to fail a test: https://github.com/dequelabs/axe-core/blob/develop/doc/API.md */
const SERIOUS = new Set(['serious', 'critical'])

export interface WatchedPage {
  readonly page: Page
  /** What the page has complained of so far: errors of its own, of the console, of the content security policy. */
  readonly complaints: readonly string[]
  /** Fails with what axe-core finds serious or worse. */
  checkAccessibility(): Promise<void>
}

export interface TestBrowser extends AsyncDisposable {
  /** A page with cookies and storage of its own. */
  open(url: string, options?: BrowserContextOptions): Promise<WatchedPage>
  /** What all pages have complained of since it was asked last. */
  takeComplaints(): readonly string[]
}

/** Chromium of this machine, without a window; one is enough for a file of tests. It reaches nothing but this machine. */
export async function openBrowser(): Promise<TestBrowser> {
  // `npm test` has built the pages; a file of tests that is run by itself must not look at those of yesterday.
  execFileSync(process.execPath, [fileURLToPath(import.meta.resolve('../../scripts/build-ui.mjs'))], {
    stdio: 'inherit',
  })
  const browser: Browser = await chromium.launch({
    executablePath: findChromium(),
    // Nobody but root is there in most containers, and Chromium's sandbox does not work for root.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu', '--disable-background-networking'],
  })
  const untaken: string[] = []
  return {
    takeComplaints: () => untaken.splice(0),
    async open(url, options = {}) {
      const context = await browser.newContext(options)
      const page = await context.newPage()
      const complaints: string[] = []
      const complain = (words: string): void => {
        complaints.push(words)
        untaken.push(words)
      }
      page.on('pageerror', (error) => complain(`${error.name}: ${error.message}`))
      page.on('console', (message) => {
        if (message.type() === 'error') complain(message.text())
      })
      await page.goto(url)
      return { page, complaints, checkAccessibility: () => checkAccessibility(page) }
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

/** Why tests with a browser are left out here; false when there is one. */
export function noBrowser(): string | false {
  return browserOnPath() === undefined && `no browser on the PATH (${NAMES.join(', ')}): .ci/run installs one`
}

function findChromium(): string {
  const found = browserOnPath()
  if (found === undefined) throw new Error(`no browser on the PATH (${NAMES.join(', ')})`)
  return found
}

function browserOnPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  const files = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)))
  return files.find((file) => existsSync(file))
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly impact: string | null
    readonly help: string
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[]
  }[]
}

async function checkAccessibility(page: Page): Promise<void> {
  // Evaluated, not added as a script: the policy of the page forbids foreign ones.
  if (!(await page.evaluate('"axe" in window')))
    await page.evaluate(readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8'))
  const { violations } = (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as AxeResults
  const serious = violations.filter(({ impact }) => SERIOUS.has(impact ?? ''))
  const told = serious.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' | ')}`)
  assert.deepEqual(told, [])
}

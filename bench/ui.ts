// How heavy the web interface is, and how soon it is seen.
//
//   node bench/ui.ts [--runs 5] [--json FILE]
//
// The size is that of all files that a browser fetches to show every page, compressed with gzip; the first page needs a
// part of it. First paint: from asking for the page until something is drawn (the browser's own `first-contentful-paint`)
// and until the nodes of a network of 200 are there, each time in a browser that has nothing in its cache. A target that
// is missed ends it with 1. The targets: 300 kB, 1 second.
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { parseArgs } from 'node:util'
import { startEntry } from '../test/integration/api-harness.ts'
import { fakeNetwork, peerOf } from '../test/integration/fake-network.ts'
import { scriptedRouter } from '../test/integration/scripted-router.ts'
import { openBrowser } from '../test/support/browser.ts'
import { median, round } from './support/measure.ts'

const { values: options } = parseArgs({ options: { runs: { type: 'string', default: '5' }, json: { type: 'string' } } })
const [MAX_KILOBYTES, MAX_PAINT_MS, NODES] = [300, 1000, 200]

const folder = new URL('../dist/ui/', import.meta.url)
const { files } = JSON.parse(readFileSync(new URL('files.json', folder), 'utf8')) as { files: { name: string }[] }
const sizes = files.filter(({ name }) => name.endsWith('.gz')).map(({ name }) => statSync(new URL(name, folder)).size)
const kilobytes = round(sizes.reduce((sum, size) => sum + size, 0) / 1000, 1)

const others = Array.from({ length: NODES - 1 }, (_, index) => peerOf(`node-${index}`))
await using entry = await startEntry({
  p2p: { ...fakeNetwork().deps.p2p, peers: () => others },
  networkModels: () => [],
  router: scriptedRouter().router,
})
await using browser = await openBrowser()
const paints: number[] = []
const shown: number[] = []
let fetchedKilobytes = 0
for (let run = 0; run < Number(options.runs); run += 1) {
  const { page } = await browser.open('about:blank')
  await page.goto(`${entry.url}/app`)
  await page
    .locator('svg a.node')
    .nth(NODES - 1)
    .waitFor()
  shown.push(await page.evaluate('performance.now()'))
  paints.push(await page.evaluate('performance.getEntriesByName("first-contentful-paint")[0].startTime'))
  const sum = 'performance.getEntriesByType("resource").reduce((sum, entry) => sum + entry.encodedBodySize, 0)'
  fetchedKilobytes = round(Number(await page.evaluate(sum)) / 1000, 1)
  await page.context().close()
}

const result = {
  machine: { cpu: cpus()[0]?.model, threads: availableParallelism(), node: process.version },
  ...{ kilobytes, fetchedKilobytes, firstPaintMs: Math.round(median(paints)), nodesShownMs: Math.round(median(shown)) },
}
console.log(JSON.stringify(result))
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(result, undefined, 2)}\n`)
if (kilobytes > MAX_KILOBYTES || result.firstPaintMs > MAX_PAINT_MS) process.exitCode = 1

/**
 * A small node: loads one model of each named backend and then waits to be ended in whichever way the test likes.
 *
 *   node parent.ts REPORT_SOCKET [RUN_SH]...
 *
 * Writes `ready` to stdout. The line `throw` on stdin crashes it; SIGTERM stops it in good order.
 */
import { createInterface } from 'node:readline'
import { createFakeLoader, fakeDefinition, fakeModel } from './fixture.ts'

const [report = '', ...scripts] = process.argv.slice(2)
const external = scripts.map((uri, index) => ({ name: `foreign-${index}`, uri }))
const loader = createFakeLoader({ builtins: [fakeDefinition(report)], external })

createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'throw') throw new Error('a bug')
})
process.once('SIGTERM', () => {
  process.stdin.destroy()
  void loader.stop()
})

const names = ['fake', ...external.map(({ name }) => name)]
await Promise.all(names.map((name) => loader.acquire(fakeModel(name, { backend: name }))))
process.stdout.write('ready\n')

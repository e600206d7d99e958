/**
 * A real gRPC backend process without a model, told how to behave. See `behaviour.ts` for the words it knows.
 *
 *   node main.ts --addr unix:/tmp/x.sock [--report /tmp/test.sock] [--option name=value]...
 */
import { createConnection, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { optionMap } from './behaviour.ts'
import { createReporter } from './report.ts'
import { serveFakeBackend } from './serve.ts'

const { values } = parseArgs({
  strict: false,
  options: {
    addr: { type: 'string' },
    report: { type: 'string' },
    option: { type: 'string', multiple: true },
  },
})

const options = optionMap((values.option ?? []).filter((option) => typeof option === 'string'))

const control = await connectControl(typeof values.report === 'string' ? values.report : undefined)
const reporter = createReporter(control)

// What the node's own backends do: no parent, no life.
if (process.env['LOCALAI_BACKEND_LIFELINE'] === 'stdin' && options.get('lifeline') !== 'ignore') {
  process.stdin.on('end', () => process.exit(0))
  process.stdin.on('error', () => process.exit(0))
  process.stdin.resume()
}
process.on('SIGTERM', () => {
  reporter.report({ event: 'sigterm' })
  if (options.get('sigterm') !== 'ignore') process.exit(0)
})
// Keeps the process alive where nothing else does, as a program that hangs would.
setInterval(() => {}, 60_000)

reporter.report({
  event: 'started',
  pid: process.pid,
  address: String(values.addr),
  cwd: process.cwd(),
  arguments: process.argv.slice(2),
  environment: Object.keys(process.env),
})
const stdoutText = options.get('stdout')
if (stdoutText !== undefined) process.stdout.write(`${stdoutText}\n`)
const stderrText = options.get('stderr')
if (stderrText !== undefined) process.stderr.write(`${stderrText}\n`)

const start = options.get('start') ?? 'now'
if (start.startsWith('exit:')) process.exitCode = Number(start.slice('exit:'.length))
if (start.startsWith('exit:')) process.exit()
if (start === 'crash') process.abort()
if (start === 'wait') await reporter.told('start')
if (start !== 'never') await serveFakeBackend({ reporter }, { address: String(values.addr), options })

async function connectControl(path: string | undefined): Promise<Socket | undefined> {
  if (path === undefined) return undefined
  const socket = createConnection(path)
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve)
    socket.once('error', reject)
  })
  // The test may be gone before us: then there is nobody to tell.
  socket.on('error', () => {})
  const lines = createInterface({ input: socket })
  lines.on('line', (line) => reporter.hear(line))
  return socket
}

/**
 * Runs a backend that does not watch its parent, and ends it when the node is gone.
 *
 *   node guard.ts PROGRAM [ARGUMENT]...
 *
 * The node starts this as the leader of a process group and holds the other end of stdin without ever writing to it.
 * When that end closes, whatever killed the node, the whole group is told to end and, two seconds later, killed.
 */
import { spawn } from 'node:child_process'
import { constants } from 'node:os'

const KILL_AFTER_MS = 2_000

const [program = '', ...programArguments] = process.argv.slice(2)
// The lifeline is the guard's: a program that knows the variable would take its own closed stdin for the node's end.
const { LOCALAI_BACKEND_LIFELINE: _, ...environment } = process.env
const child = spawn(program, programArguments, {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: environment,
  windowsHide: true,
})

let asked = false
function askToEnd(): void {
  // The signal goes to the group, and so comes back here.
  if (asked) return
  asked = true
  signalGroup('SIGTERM')
}

function signalGroup(signal: 'SIGTERM' | 'SIGKILL'): void {
  if (process.platform === 'win32') child.kill(signal)
  else process.kill(-process.pid, signal)
}

let orphaned = false
function becomeOrphan(): void {
  if (orphaned) return
  orphaned = true
  askToEnd()
  setTimeout(() => signalGroup('SIGKILL'), KILL_AFTER_MS)
}

process.on('SIGTERM', askToEnd)
process.stdin.on('end', becomeOrphan)
process.stdin.on('error', becomeOrphan)
process.stdin.resume()

child.on('error', (error) => {
  process.stderr.write(`cannot start ${program}: ${error.message}\n`)
  process.exit(127)
})
child.on('exit', (code, signal) => {
  // What the program left behind must not outlive the node either; while the node lives, it sees to that itself.
  if (orphaned && process.platform !== 'win32') signalGroup('SIGKILL')
  process.exit(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))
})

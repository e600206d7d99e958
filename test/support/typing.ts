import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'

/** Whether a program is on the PATH. */
export function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}

/**
 * Types lines into an interactive shell on a terminal of its own (made by `script` of util-linux), each one when the
 * shell has printed `marker` for the one before, and gives what followed the marker each time. The shell prints it once at its start.
 */
export async function typeInto(
  shell: { readonly command: string; readonly environment: Readonly<Record<string, string>>; readonly marker: RegExp },
  lines: readonly string[],
): Promise<readonly string[]> {
  const child = spawn('script', ['-qec', shell.command, '/dev/null'], {
    env: { ...process.env, ...shell.environment, TERM: 'dumb', HISTFILE: '/dev/null' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close')
  const said: string[] = []
  const left = [...lines]
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
    for (let found = shell.marker.exec(screen); found !== null; found = shell.marker.exec(screen)) {
      said.push(found[1] ?? '')
      screen = screen.slice(found.index + found[0].length)
      child.stdin.write(`${left.shift() ?? 'exit'}\n`)
    }
  })
  const late = setTimeout(() => child.kill('SIGKILL'), 60_000)
  await closed
  clearTimeout(late)
  if (said.length <= lines.length) throw new Error(`the shell said only ${JSON.stringify(said)}, and then: ${screen}`)
  return said.slice(1, lines.length + 1)
}

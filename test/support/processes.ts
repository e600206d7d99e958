import { readdirSync, readFileSync } from 'node:fs'

/** Why the tests that look at other processes cannot run here. */
export const needsProc = process.platform === 'linux' ? {} : { skip: 'reads /proc, which only Linux has' }

/** Every process below this one, by the parent links of /proc. */
export function descendants(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && statOf(name)?.parent === pid)
    .map(Number)
  return children.flatMap((child) => [child, ...descendants(child)])
}

/** Resolves when the process is gone. A zombie has ended, whoever has not collected it yet. */
export async function gone(pid: number): Promise<void> {
  const deadline = AbortSignal.timeout(20_000)
  for (let stat = statOf(pid); stat !== undefined && stat.state !== 'Z'; stat = statOf(pid)) {
    deadline.throwIfAborted()
    // There is no event for the end of a process that is not a child of ours.
    await new Promise(setImmediate)
  }
}

function statOf(pid: number | string): { readonly state: string; readonly parent: number } | undefined {
  try {
    const [, state = '', parent = ''] = /^\d+ \(.*\) (\S) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? []
    return { state, parent: Number(parent) }
  } catch {
    return undefined
  }
}

import { readFile } from 'node:fs/promises'

/** Whether a process of this machine still runs; one of another user counts. What is no process id is no process. */
export function isProcessAlive(pid: number): boolean {
  // 0 and below stand for groups of processes.
  if (!(pid > 0)) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** When a process began, in ticks since boot: tells it from a later one with the same number. Empty where unknown. */
export async function startOfProcess(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // Its name may have anything in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.at(19) ?? ''
}

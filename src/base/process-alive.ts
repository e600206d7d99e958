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

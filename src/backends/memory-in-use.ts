import { totalmem } from 'node:os'

/** The part of the memory that this process and its children could use and that is in use, from 0 to 1. */
export function memoryInUse(): number {
  const constrained = process.constrainedMemory()
  // Without a limit of a container the number is 0, or larger than any machine.
  const total = constrained > 0 && constrained < totalmem() ? constrained : totalmem()
  return Math.min(1, Math.max(0, 1 - process.availableMemory() / total))
}

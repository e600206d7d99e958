import { basename, dirname, join } from 'node:path'

/** Where a file stands among the parts that one model was cut into, by its name: `name-00002-of-00005.gguf`. */
export interface SplitPlace {
  readonly number: number
  readonly count: number
  /** All parts in order, this one included. */
  readonly files: readonly string[]
}

/** llama.cpp counts the parts in 16 bits; nobody makes thousands. */
const MAX_PARTS = 1024

/** Undefined for a file that is whole. */
export function splitPlace(path: string): SplitPlace | undefined {
  const match = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/.exec(basename(path))
  const [, prefix = '', number = '', count = ''] = match ?? []
  const total = Number(count)
  if (match === null || total < 1 || total > MAX_PARTS || Number(number) < 1 || Number(number) > total) return undefined
  const files = Array.from({ length: total }, (_, index) =>
    join(dirname(path), `${prefix}-${String(index + 1).padStart(5, '0')}-of-${count}.gguf`),
  )
  return { number: Number(number), count: total, files }
}

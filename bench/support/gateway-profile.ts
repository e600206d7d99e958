import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  }[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

interface Share {
  readonly name: string
  /** Of the time in which the process did anything. */
  readonly percent: number
}

const NOT_WORK = new Set(['(idle)', '(root)'])

/** What the newest profile in a folder says: time in functions themselves, and in the packages that they are of. */
export function readProfile(folder: string): {
  readonly functions: readonly Share[]
  readonly packages: readonly Share[]
} {
  const file = readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .toSorted()
    .at(-1)
  if (file === undefined) throw new Error(`there is no profile in ${folder}`)
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]))
  const functions = new Map<string, number>()
  const packages = new Map<string, number>()
  let total = 0
  for (const [at, id] of samples.entries()) {
    const frame = frames.get(id)
    const micros = timeDeltas[at] ?? 0
    if (frame === undefined || NOT_WORK.has(frame.functionName)) continue
    const { functionName, url, lineNumber } = frame
    const name = `${functionName === '' ? '(anonymous)' : functionName} ${basename(url)}:${lineNumber + 1}`
    functions.set(name, (functions.get(name) ?? 0) + micros)
    const home = packageOf(url, functionName)
    packages.set(home, (packages.get(home) ?? 0) + micros)
    total += micros
  }
  return { functions: sharesOf(functions, total), packages: sharesOf(packages, total) }
}

function packageOf(url: string, functionName: string): string {
  const library = /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules)/.exec(url)?.[1]
  if (library !== undefined) return library
  const room = /\/src\/([^/]+)\//.exec(url)?.[1]
  if (room !== undefined) return `src/${room}`
  if (url.startsWith('node:')) return url.split('/')[0] ?? url
  return functionName.startsWith('(') ? functionName : 'native'
}

function sharesOf(times: ReadonlyMap<string, number>, total: number): readonly Share[] {
  return [...times]
    .map(([name, micros]) => ({ name, percent: Math.round((micros / total) * 1000) / 10 }))
    .toSorted((one, other) => other.percent - one.percent)
}

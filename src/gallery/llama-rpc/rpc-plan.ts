import { join } from 'node:path'
import type { CompileUnit } from '../compile/compile-units.ts'

/** Not `libggml-rpc…`: ggml loads whatever is called so beside its libraries, and the worker must not load the client. */
export const PLUGIN_NAME = 'llama-rpc-plugin.so'
export const PROGRAM_NAME = 'llama-rpc-worker'

/** What is needed of llama.cpp's source: the rest of ggml comes as compiled libraries. */
export const LLAMA_RPC_PATHS = ['ggml/include', 'ggml/src/ggml-rpc', ':(glob)ggml/src/*.h']

const INCLUDE_FOLDERS = ['ggml/include', 'ggml/src', 'ggml/src/ggml-rpc']
const DEFINES = ['NDEBUG', 'GGML_SHARED', 'GGML_BACKEND_BUILD']
/** Both files take what is shared, so all of it can be part of a library. */
const OPTIONS = ['-std=c++17', '-O2', '-fPIC', '-fvisibility=hidden', '-w']
const SHARED = ['rpc', 'transport']
const PLUGIN = ['plugin']
const PROGRAM = ['device', 'sandbox', 'self-test', 'worker', 'lifeline']

/** Everything that decides what is made; part of its name in the cache. */
export const LLAMA_RPC_RECIPE = {
  revision: 1,
  folders: INCLUDE_FOLDERS,
  defines: DEFINES,
  options: OPTIONS,
  shared: SHARED,
  plugin: PLUGIN,
  program: PROGRAM,
}

/** The units to compile, the one that takes longest first. Pure. */
export function planUnits(tree: { readonly root: string; readonly nativeDir: string }): readonly CompileUnit[] {
  const folders = [tree.nativeDir, ...INCLUDE_FOLDERS.map((folder) => join(tree.root, folder))]
  const flags = [...OPTIONS, ...DEFINES.map((define) => `-D${define}`), ...folders.map((folder) => `-I${folder}`)]
  return [...SHARED, ...PLUGIN, ...PROGRAM].map((name) => {
    const source = name === 'lifeline' ? `../llama-server/${name}.cpp` : `${name}.cpp`
    return { name, sources: [join(tree.nativeDir, source)], flags }
  })
}

/** The plug-in, then the program. `platform` is Node's word. Pure. */
export function planLink(
  objects: ReadonlyMap<string, string>,
  init: {
    readonly resultDir: string
    readonly librariesDir: string
    readonly libraries: readonly string[]
    readonly platform: NodeJS.Platform
  },
): readonly (readonly string[])[] {
  const of = (names: readonly string[]): readonly string[] =>
    names.map((name) => objects.get(name)).filter((object) => object !== undefined)
  const linked = (pattern: RegExp): readonly string[] =>
    init.libraries.filter((name) => pattern.test(name)).map((name) => join(init.librariesDir, name))
  const isMac = init.platform === 'darwin'
  const shared = isMac ? ['-dynamiclib', '-undefined', 'dynamic_lookup'] : ['-shared']
  const beside = isMac ? '@loader_path' : '$ORIGIN'
  const output = (name: string): readonly string[] => ['-o', join(init.resultDir, name), '-pthread', '-s']
  return [
    // No path to ggml in it: the process that loads the plug-in has ggml loaded, and there must not be a second one.
    [...shared, ...of([...SHARED, ...PLUGIN]), ...linked(/^libggml-base/), ...output(PLUGIN_NAME)],
    [...of([...SHARED, ...PROGRAM]), ...linked(/^libggml(\.|-base)/), `-Wl,-rpath,${beside}`, ...output(PROGRAM_NAME)],
  ]
}

import { join } from 'node:path'
import type { CompileUnit } from '../compile/compile-units.ts'

export interface SourceTree {
  /** Checkout of llama.cpp. */
  readonly root: string
  readonly nativeDir: string
  /** Names of the .cpp files in tools/server, and of those in tools/mtmd and tools/mtmd/models. */
  readonly server: readonly string[]
  readonly media: readonly string[]
  readonly mediaModels: readonly string[]
}

/** Folders of the source that are needed: the rest of llama.cpp comes as compiled libraries. */
export const SOURCE_FOLDERS = ['common', 'ggml/include', 'include', 'src', 'tools/mtmd', 'tools/server', 'vendor']

interface Group {
  readonly name: string
  readonly folder: 'tools/server' | 'tools/mtmd'
  readonly files: readonly string[]
  readonly level: string
}

const INCLUDE_FOLDERS = [
  '.',
  'include',
  'ggml/include',
  'common',
  'vendor',
  'vendor/hash',
  'src',
  'tools/server',
  'tools/mtmd',
]
/** Must be those the libraries were built with, or headers and libraries disagree. */
const DEFINES = [
  'NDEBUG',
  'GGML_SHARED',
  'LLAMA_SHARED',
  'GGML_BACKEND_SHARED',
  'CPPHTTPLIB_FORM_URL_ENCODED_PAYLOAD_MAX_LENGTH=1048576',
  'CPPHTTPLIB_LISTEN_BACKLOG=512',
  'CPPHTTPLIB_REQUEST_URI_MAX_LENGTH=32768',
  'CPPHTTPLIB_TCP_NODELAY=1',
  'MTMD_VIDEO',
  'LLAMA_SUBPROCESS',
]
const FAST = '-O2'
/** What no request waits for: half the compile time, nothing lost. */
const SMALL = '-O1'
/** Most of the time goes into the headers, so what can share them is compiled together. Longest first. */
const TOGETHER: readonly Group[] = [
  {
    name: 'answers',
    folder: 'tools/server',
    files: ['server-chat', 'server-schema', 'server-queue', 'server-stream', 'server-common', 'server-task'],
    level: FAST,
  },
  {
    name: 'unused modes',
    folder: 'tools/server',
    files: ['server-models', 'server-tools', 'server-mcp'],
    level: SMALL,
  },
  { name: 'http', folder: 'tools/server', files: ['server-http', 'server', 'main'], level: FAST },
  { name: 'media', folder: 'tools/mtmd', files: ['mtmd', 'mtmd-audio', 'mtmd-image'], level: SMALL },
]
/** Everything that decides what the program is; part of its name in the cache. */
export const COMPILE_RECIPE = {
  revision: 1,
  folders: INCLUDE_FOLDERS,
  defines: DEFINES,
  fast: FAST,
  small: SMALL,
  together: TOGETHER,
}

const OTHER_PROGRAMS = new Set(['mtmd-cli.cpp', 'deprecation-warning.cpp'])

/** The units to compile, those that take longest first. Pure. */
export function planUnits(tree: SourceTree): readonly CompileUnit[] {
  const common = [...DEFINES.map((define) => `-D${define}`), ...includes(tree), '-w']
  const cpp = (level: string): readonly string[] => ['-std=c++17', level, ...common]
  const c = ['-x', 'c', FAST, ...common]
  const inHash = (file: string): string => join(tree.root, 'vendor/hash', file)
  const files = { 'tools/server': tree.server, 'tools/mtmd': tree.media }
  const grouped = new Set<string>()
  const groups = TOGETHER.map((group) => {
    const present = group.files.map((file) => `${file}.cpp`).filter((file) => files[group.folder].includes(file))
    const sources = present.map((file) => join(tree.root, group.folder, file))
    for (const source of sources) grouped.add(source)
    return { name: group.name, sources, flags: cpp(group.level) }
  })
  const alone = (folder: Group['folder'], level: string): readonly CompileUnit[] =>
    files[folder]
      .map((file) => ({ name: file, sources: [join(tree.root, folder, file)], flags: cpp(level) }))
      .filter((unit) => !unit.sources.some((source) => grouped.has(source)) && !OTHER_PROGRAMS.has(unit.name))
  return [
    ...groups.filter((unit) => unit.sources.length > 0),
    ...alone('tools/server', FAST),
    ...alone('tools/mtmd', SMALL),
    {
      name: 'media models',
      sources: tree.mediaModels.map((file) => join(tree.root, 'tools/mtmd/models', file)),
      flags: cpp(SMALL),
    },
    { name: 'hash', sources: [inHash('hash.cpp'), inHash('sha1/sha1.c')], flags: cpp(FAST) },
    { name: 'sha256', sources: [inHash('sha256/sha256.c')], flags: c },
    { name: 'xxhash', sources: [inHash('xxhash/xxhash.c')], flags: c },
    { name: 'lifeline', sources: [join(tree.nativeDir, 'lifeline.cpp')], flags: cpp(FAST) },
  ]
}

function includes(tree: SourceTree): readonly string[] {
  return [tree.nativeDir, ...INCLUDE_FOLDERS.map((folder) => join(tree.root, folder))].map((folder) => `-I${folder}`)
}

/** Libraries that are linked; the CPU variants are loaded at run time, whichever fits the machine. */
export function linkedLibraries(libraries: readonly string[]): readonly string[] {
  return libraries.filter((name) => /^lib(llama-common|llama\.|ggml\.|ggml-base)/.test(name))
}

/** Arguments that make the program of the object files. `platform` is Node's word. Pure. */
export function linkArguments(
  objects: readonly string[],
  init: { readonly output: string; readonly libraries: readonly string[]; readonly platform: NodeJS.Platform },
): readonly string[] {
  const beside = init.platform === 'darwin' ? '@loader_path' : '$ORIGIN'
  return [...objects, ...init.libraries, '-o', init.output, `-Wl,-rpath,${beside}`, '-pthread', '-s']
}

import { execFileSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** An installation of node-llama-cpp with one small file in each place, and its source as a git bundle. */
export async function makeEngine(root: string): Promise<void> {
  const mac = process.arch === 'arm64' ? 'mac-arm64-metal' : 'mac-x64'
  const name = process.platform === 'darwin' ? mac : `${process.platform}-${process.arch}`
  const engine = join(root, 'node_modules/node-llama-cpp')
  const libraries = join(root, 'node_modules/@node-llama-cpp', name, 'bins', name)
  const source = join(root, 'source')
  const files = [
    ...['common/common.h', 'ggml/include/ggml.h', 'include/llama.h', 'src/llama.h', 'examples/unused.cpp'],
    ...['tools/server/main.cpp', 'tools/server/server.cpp', 'tools/server/server-context.cpp'],
    ...['tools/mtmd/clip.cpp', 'tools/mtmd/mtmd.cpp', 'tools/mtmd/mtmd-cli.cpp', 'tools/mtmd/models/llava.cpp'],
    ...['ggml/src/ggml-impl.h', 'ggml/src/ggml-rpc/ggml-rpc.cpp', 'ggml/src/ggml-cuda/unused.cpp'],
    ...['vendor/hash/hash.cpp', 'vendor/hash/sha256/sha256.c'],
  ]
  for (const file of files) {
    await mkdir(dirname(join(source, file)), { recursive: true })
    await writeFile(join(source, file), '\n')
  }
  const git = (...args: string[]): void => {
    execFileSync('git', ['-C', source, '-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { stdio: 'ignore' })
  }
  git('init')
  git('add', '.')
  git('commit', '-m', 'all')
  await mkdir(join(engine, 'llama'), { recursive: true })
  git('bundle', 'create', join(engine, 'llama/gitRelease.bundle'), 'HEAD')
  await writeFile(join(engine, 'package.json'), '{"version":"9.9.9"}')
  await mkdir(libraries, { recursive: true })
  for (const library of ['libggml-base.so', 'libggml-cpu-x64.so', 'libllama-common.so', 'llama-addon.node']) {
    await writeFile(join(libraries, library), library)
  }
}

/** A compiler that only pretends. Writes down each call; "compiles" to empty files and "links" a shell script. */
export async function makeCompiler(
  { folder, calls }: { readonly folder: string; readonly calls: string },
  trouble: { readonly failsOn?: string; readonly badProgram?: boolean; readonly hangs?: string },
): Promise<string> {
  const compiler = join(folder, `compiler-${crypto.randomUUID()}`)
  const program = trouble.badProgram === true ? 'echo "oh no"; exit 1' : 'echo "version: pretended"'
  const lines = [
    '#!/bin/sh',
    '[ "$1" = --version ] && exit 0',
    `for word; do [ "$last" = -o ] && output="$word"; [ "$last" = -c ] && input="$word"; last="$word"; done`,
    `echo "$output" >> '${calls}'`,
    ...(trouble.hangs === undefined ? [] : [`sleep 600 & echo yes > '${trouble.hangs}'; wait`]),
    ...(trouble.failsOn === 'link' ? ['[ -z "$input" ] && exit 1'] : []),
    ...(trouble.failsOn === undefined || trouble.failsOn === 'link'
      ? []
      : [`grep -qs ${trouble.failsOn} "$input" && echo "${trouble.failsOn}.cpp:1: error: pretended" >&2 && exit 1`]),
    `if [ -n "$input" ]; then : > "$output"; else printf '#!/bin/sh\\n%s\\n' '${program}' > "$output"; chmod +x "$output"; fi`,
  ]
  await writeFile(compiler, `${lines.join('\n')}\n`)
  await chmod(compiler, 0o755)
  return compiler
}

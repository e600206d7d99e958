import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startLocalAi } from '../support/local-ai.ts'
import { descendants, gone, needsProc } from '../support/processes.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const run = promisify(execFile)

/** Why the registry of this machine cannot be used; undefined when it can. */
async function registryProblem(): Promise<string | undefined> {
  try {
    await run('npm', ['view', 'pend', 'version'], { timeout: 30_000 })
    return undefined
  } catch (error) {
    return `npm reaches no registry: ${String(error).split('\n')[0]}`
  }
}

it('the packed program installs in an empty folder and answers', needsProc, async (test) => {
  const problem = await registryProblem()
  if (problem !== undefined) return test.skip(problem)
  const folder = mkdtempSync(join(tmpdir(), 'local-ai-package-'))
  try {
    const packed = await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root })
    const tarball = join(folder, packed.stdout.trim().split('\n').at(-1) ?? '')
    const place = join(folder, 'empty')
    mkdirSync(place)
    const quick = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
    await run('npm', ['install', ...quick, tarball], { cwd: place })
    // The GPU builds of the engine would be another 600 MB.
    assert.ok(!existsSync(join(place, 'node_modules/@node-llama-cpp/linux-x64-cuda')))

    await using node = await startLocalAi({
      folder: place,
      command: ['npx', '--no-install', 'local-ai'],
      environment: { LOCALAI_CACHE_PATH: join(folder, 'cache') },
    })
    const response = await fetch(`${node.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ temperature: 0, messages: [{ role: 'user', content: 'What is the capital of France?' }] }),
    })
    const answer = (await response.json()) as { choices: { message: { content: string } }[] }
    assert.equal(answer.choices[0]?.message.content, 'Paris is the capital of France.')
    // npx does not pass the signal on; the program notices that it is gone.
    const below = descendants(node.pid)
    assert.ok(below.length > 0)
    await node.end('SIGTERM')
    await Promise.all(below.map(gone))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

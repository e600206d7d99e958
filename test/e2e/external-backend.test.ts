import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startLocalAi } from '../support/local-ai.ts'
import { tinyChat } from '../support/tiny-models.ts'

const BACKEND = fileURLToPath(new URL('../../src/builtin/llama-cpp/main.ts', import.meta.url))

it('--external-grpc-backends attaches a backend that somebody else runs', async () => {
  const backend = spawn(process.execPath, [BACKEND, '--addr', '127.0.0.1:0', '--engine', 'node-llama-cpp'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const [line] = (await once(createInterface({ input: backend.stdout }), 'line')) as [string]
    const address = line.replace('listening on ', '')
    await using node = await startLocalAi({
      arguments: ['--external-grpc-backends', `mine:${address}`],
      prepare(folder) {
        mkdirSync(join(folder, 'models'))
        copyFileSync(tinyChat(), join(folder, 'models', 'chat.gguf'))
        writeFileSync(
          join(folder, 'models', 'attached.yaml'),
          'name: attached\nbackend: mine\nparameters:\n  model: chat.gguf\ntemplate:\n  use_tokenizer_template: true\n',
        )
      },
    })
    const response = await fetch(`${node.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'attached',
        temperature: 0,
        messages: [{ role: 'user', content: 'What is the capital of France?' }],
      }),
    })
    const answer = (await response.json()) as { choices: { message: { content: string } }[] }
    assert.equal(answer.choices[0]?.message.content, 'Paris is the capital of France.')
    const system = (await (await fetch(`${node.url}/system`)).json()) as {
      backends: string[]
      loaded_models: { id: string; backend: string; pid?: number }[]
    }
    assert.ok(system.backends.includes('mine'))
    assert.deepEqual(
      system.loaded_models.map(({ id, backend: name, pid }) => ({ id, name, pid })),
      [{ id: 'attached', name: 'mine', pid: undefined }],
    )
    await node.end('SIGTERM')
    // Not ours to stop.
    assert.equal(backend.exitCode, null)
  } finally {
    const exited = once(backend, 'exit')
    backend.kill('SIGTERM')
    await exited
  }
})

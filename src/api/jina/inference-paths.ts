import type { InferencePaths } from '../inference-route.ts'

export const RERANK: InferencePaths = {
  urls: ['/v1/rerank', '/rerank', '/jina/v1/rerank'],
  config: { inference: { endpoint: 'rerank', capability: 'rerank' } },
}

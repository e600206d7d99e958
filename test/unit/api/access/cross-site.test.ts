import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { describe, it } from 'node:test'
import { isCrossSiteChange } from '../../../../src/api/access/cross-site.ts'

describe("a change that another site's page asks for", () => {
  const host = 'ai.example:8080'
  const rows: readonly [method: string, headers: IncomingHttpHeaders, refused: boolean][] = [
    ['POST', { host }, false],
    ['POST', { host, 'sec-fetch-site': 'same-origin' }, false],
    ['POST', { host, 'sec-fetch-site': 'none' }, false],
    ['POST', { host, 'sec-fetch-site': 'cross-site' }, true],
    ['POST', { host, 'sec-fetch-site': 'same-site' }, true],
    ['DELETE', { host, 'sec-fetch-site': 'made-up' }, true],
    ['GET', { host, 'sec-fetch-site': 'cross-site' }, false],
    ['POST', { host, origin: 'http://ai.example:8080' }, false],
    ['POST', { host: 'AI.example:8080', origin: 'http://ai.example:8080' }, false],
    ['POST', { host: 'ai.example', origin: 'https://ai.example' }, false],
    ['POST', { host: 'inside:8080', 'x-forwarded-host': 'ai.example', origin: 'https://ai.example' }, false],
    ['PUT', { host, origin: 'http://ai.example:3000' }, true],
    ['PATCH', { host, origin: 'https://evil.example' }, true],
    ['POST', { host, origin: 'null' }, true],
    ['POST', { host: 'null', origin: 'null' }, true],
    ['POST', { host, origin: '' }, true],
    // What a browser says itself goes before what can be guessed.
    ['POST', { host, origin: 'http://ai.example:8080', 'sec-fetch-site': 'cross-site' }, true],
  ]
  for (const [method, headers, refused] of rows) {
    it(`${method} ${JSON.stringify(headers)}: ${refused}`, () => {
      assert.equal(isCrossSiteChange(method, headers), refused)
    })
  }
})

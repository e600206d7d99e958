import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { keyWarnings } from '../../../src/models/key-warnings.ts'
import { type McpTexts, parseMcpServers } from '../../../src/models/mcp-servers.ts'

describe('servers of tools', () => {
  it('are read from JSON and from YAML', () => {
    const remote = '{"mcpServers": {"far": {"url": "https://tools.example/mcp", "token": "t"}}}'
    const stdio =
      'mcpServers:\n  near:\n    command: npx\n    args: [-y, server]\n    env: {LEVEL: "1"}\n  bare: {command: run}\n'
    assert.deepEqual(parseMcpServers({ remote, stdio }), [
      { kind: 'remote', name: 'far', url: 'https://tools.example/mcp', token: 't' },
      { kind: 'stdio', name: 'near', command: 'npx', args: ['-y', 'server'], env: { LEVEL: '1' } },
      { kind: 'stdio', name: 'bare', command: 'run', args: [], env: {} },
    ])
  })

  it('are none where nothing is written', () => {
    assert.deepEqual(parseMcpServers({}), [])
    assert.deepEqual(parseMcpServers({ remote: ' ', stdio: '' }), [])
  })

  const refused: readonly (readonly [string, McpTexts, RegExp])[] = [
    ['what is no YAML', { remote: '{"mcpServers": {"far": secret' }, /"mcp\.remote" is neither JSON nor YAML/],
    ['a text without servers', { remote: 'secret: 1' }, /has no block "mcpServers"/],
    ['a command among the remote servers', { remote: '{"mcpServers":{"a":{"command":"secret"}}}' }, /needs a "url"/],
    ['a file as address', { remote: '{"mcpServers":{"a":{"url":"file:///secret"}}}' }, /must be http or https/],
    ['a password in the address', { remote: '{"mcpServers":{"a":{"url":"http://u:secret@h/"}}}' }, /without a user/],
    [
      'an address among those to start',
      { stdio: '{"mcpServers":{"a":{"url":"http://secret/"}}}' },
      /needs a "command"/,
    ],
    ['numbers as arguments', { stdio: '{"mcpServers":{"a":{"command":"secret","args":[1]}}}' }, /needs a "command"/],
    [
      'a name twice',
      { remote: '{"mcpServers":{"a":{"url":"http://secret/"}}}', stdio: '{"mcpServers":{"a":{"command":"x"}}}' },
      /two servers have the name "a"/,
    ],
    [
      'too many',
      {
        stdio: JSON.stringify({
          mcpServers: Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`s${n}`, { command: 'secret' }])),
        }),
      },
      /more than 32/,
    ],
  ]
  for (const [what, texts, pattern] of refused) {
    it(`are refused for ${what}, without what stands there`, () => {
      assert.throws(
        () => parseMcpServers(texts),
        (error) => {
          assert.ok(error instanceof AppError)
          assert.equal(error.code, 'mcp.config-invalid')
          assert.match(error.message, /^failed to get MCP config: /)
          assert.match(error.message, pattern)
          assert.doesNotMatch(error.message, /secret/)
          return true
        },
      )
    })
  }

  it('are keys with an effect; of the agent, only the number of rounds is', () => {
    assert.deepEqual(keyWarnings({ mcp: { remote: 'x', stdio: 'y' }, agent: { max_iterations: 3 } }), [])
    assert.deepEqual(
      keyWarnings({ agent: { max_attempts: 3, enable_planning: true } }).map(({ key }) => key),
      ['agent.max_attempts', 'agent.enable_planning'],
    )
  })
})

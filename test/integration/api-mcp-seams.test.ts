import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { createMcp, type Mcp } from '../../src/mcp/create-mcp.ts'
import { MCP_LIMITS } from '../../src/mcp/tool-server.ts'
import { type HttpToolServer, startHttpToolServer } from '../support/mcp/http-server.ts'
import { type PeerHarness, startPeerApp } from './api-harness.ts'
import { type AnswerKind, KINDS } from './replaying-backend.ts'
import { modelConfig, type Script } from './scripted-backend.ts'
import { losing, type Members, sound, startStage } from './seam-stage.ts'

const SAID = [{ role: 'user', content: 'How is the weather?' }]
/** Where a model's own tools are used, and how they are asked for. */
const WAYS = {
  'MCP chat completions': ['/v1/mcp/chat/completions', { messages: SAID, stream_options: { include_usage: true } }],
  'chat completions': ['/v1/chat/completions', { messages: SAID, metadata: { mcp_servers: 'remote' } }],
  responses: ['/v1/responses', { input: 'How is the weather?', store: false }],
} as const

function calling(name: string): AnswerKind {
  const parts = [{ id: 'call', name }, { arguments: '{"city":' }, { arguments: '"Oslo"}' }]
  return {
    tokens: parts.length,
    say(index) {
      const tool_calls = [{ index: 0, id: '', name: '', arguments: '', ...parts[index] }]
      return { chat_deltas: [{ content: '', reasoning_content: '', tool_calls }] }
    },
  }
}

const ANSWER = KINDS['plain'] ?? assert.fail()

/** A model that calls a tool and, when it knows what that gave, answers. */
function inRounds(call: Script, answer: Script): Script {
  return (request, options) => (request.Messages?.at(-1)?.role === 'tool' ? answer : call)(request, options)
}

describe('an answer with tools of the model whose node is lost', () => {
  let tools: HttpToolServer
  let mcp: Mcp
  let ran: string[] = []
  let whenRun: () => unknown = () => {}

  before(async () => {
    tools = await startHttpToolServer({
      onStart(tool) {
        ran.push(tool)
        return whenRun()
      },
    })
    mcp = createMcp({ log: { warn() {}, debug() {} }, fetch }, { ...MCP_LIMITS, connectTimeoutMs: 2000 })
  })
  after(async () => {
    await mcp.stop()
    await tools[Symbol.asyncDispose]()
  })

  async function startMember(): Promise<PeerHarness> {
    const peer = await startPeerApp({ media: { mcp } })
    const remote = JSON.stringify({ mcpServers: { remote: { url: tools.url } } })
    peer.node.models = [{ id: 'tiny', config: modelConfig('tiny', { mcp: { remote } }), created: 1 }]
    return peer
  }

  function reset(members: Members, tool = 'weather'): void {
    ran = []
    whenRun = () => {}
    for (const { node } of Object.values(members)) node.script = inRounds(sound(calling(tool)), sound(ANSWER))
  }

  for (const [way, [url, fields]] of Object.entries(WAYS)) {
    for (const stream of [true, false]) {
      it(`goes on, and no tool runs twice: ${way}, ${stream ? 'streamed' : 'whole'}`, async () => {
        await using a = await startMember()
        await using b = await startMember()
        await using c = await startMember()
        await using stage = await startStage({ a, b, c })
        const members = { a, b, c }
        const body = { ...fields, stream }
        reset(members)
        const undisturbed = await stage.ask(url, body)
        assert.match(undisturbed, /✓/)
        assert.deepEqual(ran, ['weather'])
        for (const at of [1, 2] as const) {
          reset(members)
          const cut = async () => await stage.cut('a')
          a.node.script = inRounds(losing(calling('weather'), { after: at, lose: cut }), sound(ANSWER))
          assert.equal(await stage.ask(url, body), undisturbed, `lost after ${at} of the call`)
          assert.deepEqual(ran, ['weather'])
        }
        for (const at of [1, 5, 8]) {
          reset(members)
          a.node.script = inRounds(
            sound(calling('weather')),
            losing(ANSWER, { after: at, lose: async () => await stage.cut('a') }),
          )
          b.node.script = inRounds(
            sound(calling('weather')),
            losing(ANSWER, { after: Math.max(at, 4), lose: async () => await stage.cut('b') }),
          )
          assert.equal(await stage.ask(url, body), undisturbed, `lost after ${at} of the answer`)
          assert.deepEqual(ran, ['weather'])
        }
      })

      it(`goes on when a tool was running that may run twice: ${way}, ${stream ? 'streamed' : 'whole'}`, async () => {
        await using a = await startMember()
        await using b = await startMember()
        await using stage = await startStage({ a, b })
        reset({ a, b }, 'gauge')
        const undisturbed = await stage.ask(url, { ...fields, stream })
        assert.match(undisturbed, /✓/)
        reset({ a, b }, 'gauge')
        const never = new Promise<never>(() => {})
        whenRun = async () => {
          whenRun = () => {}
          await stage.cut('a')
          await never
        }
        assert.equal(await stage.ask(url, { ...fields, stream }), undisturbed)
        assert.deepEqual(ran, ['gauge', 'gauge'])
      })

      it(`ends when a tool was running: ${way}, ${stream ? 'streamed' : 'whole'}`, async () => {
        await using a = await startMember()
        await using b = await startMember()
        await using stage = await startStage({ a, b })
        reset({ a, b }, 'hangs')
        whenRun = () => void stage.cut('a')
        // A response that is streamed begins with events about itself; of chats nothing was seen yet.
        const status = stream && way === 'responses' ? 200 : 500
        const answer = await stage.ask(url, { ...fields, stream }, { status })
        assert.match(answer, /while it ran tools, which are not run twice/)
        assert.deepEqual(ran, ['hangs'])
      })
    }
  }

  it('is not given to a second node because it is late', async () => {
    await using a = await startMember()
    await using b = await startMember()
    await using stage = await startStage({ a, b }, { leastStallMs: 1 })
    reset({ a, b })
    const [url, fields] = WAYS['MCP chat completions']
    const undisturbed = await stage.ask(url, fields)
    reset({ a, b })
    const goOn = Promise.withResolvers<void>()
    const helped = Promise.withResolvers<void>()
    const slow = (script: Script): Script =>
      async function* late(request, options) {
        let told = 0
        for await (const piece of script(request, options)) {
          yield piece
          told += 1
          if (told === 1) await goOn.promise
        }
        return { cachedTokens: 2 }
      }
    const asked: string[] = []
    a.node.script = (request, options) =>
      ((request.Tools ?? '') === '' ? slow(sound(ANSWER)) : inRounds(slow(sound(calling('weather'))), sound(ANSWER)))(
        request,
        options,
      )
    b.node.script = (request, options) => {
      asked.push(request.Tools ?? '')
      helped.resolve()
      return sound(ANSWER)(request, options)
    }
    const answer = stage.ask(url, fields)
    // One without tools, which began later and has got help, tells when it would have been time.
    const plain = stage.ask('/v1/messages', { messages: SAID, max_tokens: 99 })
    await helped.promise
    goOn.resolve()
    assert.equal(await answer, undisturbed)
    assert.match(await plain, /✓/)
    assert.deepEqual([ran, asked], [['weather'], ['']])
  })
})

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { it } from 'node:test'
import { promisify } from 'node:util'
import { WRONG_ANSWER } from '../support/wrong-answer.ts'

const run = promisify(execFile)
const WATCH = new URL('../support/watch-answers-of-process.ts', import.meta.url).href

/** A program whose second answer is not what its route says. */
const PROGRAM = `
  import { fastify } from 'fastify'
  import { Type } from 'typebox'
  const app = fastify()
  const schema = { response: { 200: Type.Object({ count: Type.Integer() }) } }
  app.get('/count/:value', { schema }, (request, reply) => {
    const { value } = request.params
    return reply.type('application/json').serializer(JSON.stringify).send({ count: Number(value) || value })
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  for (const value of ['1', 'many']) await (await fetch(url + '/count/' + value)).text()
  await app.close()
`

it('what a process answers is held against its OpenAPI document', async () => {
  const words = ['--import', WATCH, '--input-type=module', '--eval', PROGRAM]
  const { stderr } = await run(process.execPath, words, { cwd: new URL('../..', import.meta.url) })
  const lines = stderr.split('\n').filter((line) => line.includes(WRONG_ANSWER))
  assert.equal(lines.length, 1, stderr)
  assert.match(
    JSON.parse(lines[0] ?? '').problem,
    /^GET \/count\/:value 200 \/count must be integer in \{"count":"many"\}/,
  )
})

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { printInvitation } from '../../../src/cli/invitation.ts'

function invitation(context: TestContext, variables: Readonly<Record<string, string>>): string {
  const said: string[] = []
  const { mock } = context.mock.method(process.stdout, 'write', (text: string) => said.push(text) > 0)
  printInvitation({ token: 'abc', address: '10.0.0.1:7946' }, variables)
  mock.restore()
  return said.join('')
}

test('the next machine is told to start the program as this one was started', (context) => {
  const clone = invitation(context, { npm_lifecycle_event: 'start', npm_command: 'run-script' })
  assert.match(clone, /export TOKEN="abc"\n {2}npm start -- run --p2p --federated --p2p-bootstrap 10\.0\.0\.1:7946\n/)
  assert.match(clone, /\n {2}npm start -- worker p2p-llama-cpp-rpc /)
  assert.match(invitation(context, { npm_command: 'exec' }), /\n {2}npx local-ai run /)
  assert.match(invitation(context, {}), /\n {2}local-ai run /)
})

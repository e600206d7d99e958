import assert from 'node:assert/strict'
import { after } from 'node:test'
import { watchAnswers } from './watch-answers.ts'

// Whoever imports this has every answer of every server of its process checked. The file fails at its end when one is not as
// the document says.

const problems = new Set<string>()
let isMadeUp = false

/** For files in which a test makes up what other nodes answer: nothing is checked there. */
export function answersAreMadeUp(): void {
  isMadeUp = true
}

const watched = watchAnswers({ onProblem: (problem) => problems.add(problem), isMadeUp: () => isMadeUp })

after(async () => {
  await watched.settled()
  assert.deepEqual([...problems], [], 'answers that are not as the OpenAPI document says')
})

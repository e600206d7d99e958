import { WRONG_ANSWER } from './wrong-answer.ts'

// `node --import` this: what the process answers is checked, and what is wrong is said in its log.

// The processes that it starts serve no HTTP.
delete process.env['NODE_OPTIONS']
const { watchAnswers } = await import('./watch-answers.ts')
watchAnswers({
  onProblem: (problem) => void process.stderr.write(`${JSON.stringify({ level: 50, msg: WRONG_ANSWER, problem })}\n`),
})

// `npm start`: set up, then run the node. Arguments after `--` go to local-ai.
import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { ensureSetup } from './ensure-setup.mjs'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const child = spawn(ensureSetup(), [main, ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: { ...process.env, LOCALAI_LAUNCHED: '1' },
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
})

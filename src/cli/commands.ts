import { backendsCommand } from './commands/backends.ts'
import { completeCommand } from './commands/complete.ts'
import { completionCommand } from './commands/completion.ts'
import { explorerCommand } from './commands/explorer.ts'
import { federatedCommand } from './commands/federated.ts'
import { helpCommand } from './commands/help.ts'
import { modelsCommand } from './commands/models.ts'
import { p2pCommand } from './commands/p2p/p2p.ts'
import { runCommand } from './commands/run.ts'
import { soundGenerationCommand } from './commands/sound-generation.ts'
import { transcriptCommand } from './commands/transcript.ts'
import { ttsCommand } from './commands/tts.ts'
import { upstreamsCommand } from './commands/upstreams.ts'
import { usersCommand } from './commands/users.ts'
import { utilCommand } from './commands/util/util.ts'
import { p2pWorkerCommand, workerCommand } from './commands/worker/worker.ts'
import { toCommand, toGroup } from './program.ts'

/** The whole command line. */
export const program = toGroup({
  name: 'local-ai',
  summary: 'Serves language models over an OpenAI-compatible API, on one machine or on many.',
  commands: [
    toCommand(runCommand),
    toCommand(federatedCommand),
    toCommand(explorerCommand),
    modelsCommand,
    backendsCommand,
    p2pCommand,
    toCommand(upstreamsCommand),
    usersCommand,
    toCommand(ttsCommand),
    toCommand(soundGenerationCommand),
    toCommand(transcriptCommand),
    utilCommand,
    completionCommand,
    helpCommand,
    toCommand(completeCommand),
    workerCommand,
    p2pWorkerCommand,
  ],
})

import { rpcServerSettings, workerSettings } from '../../../config/worker-settings.ts'
import { type CommandDefinition, toAbsent, toCommand, toGroup } from '../../program.ts'
import { runUntilSignal } from '../../until-signal.ts'

const memberCommand: CommandDefinition<typeof workerSettings> = {
  name: 'p2p-llama-cpp-rpc',
  summary: "Lend this machine's memory to models of a network that are too large for one machine",
  settings: workerSettings,
  notes:
    'The worker joins the network and serves no requests. Each model that uses it gets a process of its own, which listens nowhere and ends with it.',
  examples: [
    ['TOKEN=... local-ai worker p2p-llama-cpp-rpc', 'lend 80 % of the free memory to the network of the token'],
    [
      'local-ai worker p2p-llama-cpp-rpc --p2p-token-file token.txt --llama-cpp-args="-m 8192 -t 8"',
      '8 GiB, 8 threads',
    ],
    ['local-ai worker p2p-llama-cpp-rpc --no-runner --runner-port 50052', 'lend an RPC server that runs already'],
  ],
  async run({ settings, log }) {
    const { composeWorker } = await import('../../../compose/compose-worker.ts')
    await runUntilSignal(await composeWorker(settings, { log }), log)
  },
}

const serverCommand: CommandDefinition<typeof rpcServerSettings> = {
  name: 'llama-cpp-rpc',
  argument: '[ARGUMENTS...]',
  argumentHelp: "behind --, arguments as for llama.cpp's RPC server",
  summary: "Lend this machine's memory over TCP, without a network: one user at a time",
  settings: rpcServerSettings,
  notes: 'The node that uses it names it in LLAMACPP_GRPC_SERVERS=HOST:PORT.',
  examples: [
    ['local-ai worker llama-cpp-rpc', 'on 127.0.0.1:50052'],
    ['local-ai worker llama-cpp-rpc -- -p 50060 -m 4096', 'another port, at most 4 GiB'],
    [
      'local-ai worker llama-cpp-rpc --insecure --llama-cpp-args="-H 10.0.0.7 -p 50052"',
      'for machines of a network that you trust: there is no key, and nothing is encrypted',
    ],
  ],
  async run({ settings, log, arguments: words }) {
    const { composeWorkerServer } = await import('../../../compose/compose-worker-server.ts')
    await runUntilSignal(composeWorkerServer(settings, { log, words }), log)
  },
}

const mlx = (name: string) =>
  toAbsent(
    name,
    `worker ${name} is a command of LocalAI that this program does not have: it runs Apple's MLX, and this program has no MLX backend. "worker p2p-llama-cpp-rpc" lends memory to GGUF models`,
  )

const commands = [
  toCommand(memberCommand),
  toCommand({ ...memberCommand, name: 'p2p', hidden: true }),
  toCommand(serverCommand),
  mlx('p2p-mlx'),
  mlx('mlx-distributed'),
]
const summary = "Lend this machine's memory to models that are too large for one machine"

export const workerCommand = toGroup({ name: 'worker', summary, commands })
/** The newer name in LocalAI. */
export const p2pWorkerCommand = toGroup({ name: 'p2p-worker', summary: `${summary}; the same as worker`, commands })

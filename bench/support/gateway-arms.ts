import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MAIN } from '../../test/support/local-ai.ts'
import { newToken } from '../../test/support/swarm.ts'
import { API_KEY, createFolder, type Program, startGateway, startTelling } from './gateway-processes.ts'
import { freePort } from './measure.ts'

export const ARM_NAMES = [
  'direct',
  'attached',
  'entry',
  'entries',
  'plain',
  'nginx',
  'haproxy',
  'litellm',
  'sglang',
] as const
export type ArmName = (typeof ARM_NAMES)[number]

/** A way from the clients to the mock upstream. */
export interface Arm {
  readonly port: number
  /** Processes whose CPU and memory are the gateway's; with all that they have started. */
  readonly gateway: readonly number[]
  /** What serves behind it. */
  readonly upstream: number
}

/** What is tried against each other, and where it is found. */
export interface ArmsInit {
  readonly mockProgram: string
  readonly chunks: number
  readonly nginx: string
  readonly haproxy: string
  /** The folder of a Python environment with LiteLLM and SGLang's router in it. */
  readonly venv: string | undefined
  /** Where a node leaves a CPU profile of itself when it ends. */
  readonly profile: string | undefined
  /** Arguments of our nodes, beside those that they need. */
  readonly entryWords: readonly string[]
}

type StartArm = (stack: AsyncDisposableStack, init: ArmsInit) => Promise<Arm>

/** How each begins; it ends with the stack. */
export const ARMS: Readonly<Record<ArmName, StartArm>> = {
  async direct(stack, init) {
    const mock = await startMock(stack, init)
    return { port: mock.port, gateway: [], upstream: mock.pid }
  },
  attached: (stack, init) =>
    behindGateway(stack, init, ({ folder, port, upstream }) => ({
      command: process.execPath,
      words: [
        ...[
          ...profilingOf(init),
          MAIN,
          'run',
          '--address',
          `127.0.0.1:${port}`,
          '--models-path',
          join(folder, 'models'),
        ],
        // It would fetch a model and compile an engine while it is measured.
        ...['--default-model', '', '--autobuild-llama-server=false', '--autobuild-llama-rpc=false'],
        ...['--upstream', `mock=http://127.0.0.1:${upstream}`, ...init.entryWords],
      ],
      environment: { LOCALAI_API_KEY: API_KEY },
    })),
  entry: (stack, init) => startEntries(stack, init, 1),
  entries: (stack, init) => startEntries(stack, init, availableParallelism()),
  plain: startPlain,
  nginx: (stack, init) =>
    behindGateway(stack, init, ({ folder, port, upstream }) => {
      const file = join(folder, 'nginx.conf')
      writeFileSync(file, nginxConfig(folder, port, upstream))
      return { command: init.nginx, words: ['-p', folder, '-c', file, '-e', join(folder, 'error.log')] }
    }),
  haproxy: (stack, init) =>
    behindGateway(stack, init, ({ folder, port, upstream }) => {
      const file = join(folder, 'haproxy.cfg')
      writeFileSync(file, haproxyConfig(port, upstream))
      return { command: init.haproxy, words: ['-f', file, '-db'] }
    }),
  litellm: (stack, init) =>
    behindGateway(stack, init, ({ folder, port, upstream }) => {
      const file = join(folder, 'litellm.yaml')
      writeFileSync(file, litellmConfig(upstream))
      return {
        command: inVenv(init, 'litellm'),
        words: ['--config', file, '--host', '127.0.0.1', '--port', String(port), '--num_workers', '2'],
        // What it would fetch at its start, it has with it.
        environment: { LITELLM_LOCAL_MODEL_COST_MAP: 'True', LITELLM_TELEMETRY: 'False', LITELLM_MODE: 'PRODUCTION' },
      }
    }),
  async sglang(stack, init) {
    const metricsPort = await freePort()
    return await behindGateway(stack, init, ({ port, upstream }) => ({
      command: inVenv(init, 'python'),
      words: [
        ...['-m', 'sglang_router.launch_router', '--host', '127.0.0.1', '--port', String(port)],
        ...['--worker-urls', `http://127.0.0.1:${upstream}`, '--api-key', API_KEY],
        ...['--prometheus-host', '127.0.0.1', '--prometheus-port', String(metricsPort)],
      ],
    }))
  },
}

/** Why an arm cannot be run here, and what would change that; undefined: it can. */
export function missing(name: ArmName, init: ArmsInit): string | undefined {
  if (name === 'nginx' || name === 'haproxy') {
    return found(init[name]) ? undefined : `not found: \`apt-get install ${name}\`, or say where with --${name}`
  }
  if (name === 'litellm' || name === 'sglang') {
    if (init.venv === undefined) return `no --venv; ${HOW_TO_MAKE_VENV}`
    const file = join(init.venv, 'bin', name === 'litellm' ? 'litellm' : 'sglang-router')
    return existsSync(file) ? undefined : `not in ${init.venv}; ${HOW_TO_MAKE_VENV}`
  }
  return undefined
}

/** Releases of LiteLLM with foreign code in them were published, and withdrawn; a mirror may have kept them. */
export const HOW_TO_MAKE_VENV =
  "python3 -m venv DIR && DIR/bin/pip install 'litellm[proxy]!=1.82.7,!=1.82.8,!=1.107.*' sglang-router"

function found(program: string): boolean {
  try {
    execFileSync(program, ['-v'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function inVenv({ venv = '' }: ArmsInit, name: string): string {
  return join(venv, 'bin', name)
}

async function startMock(stack: AsyncDisposableStack, { mockProgram, chunks }: ArmsInit) {
  const { line, pid } = await startTelling(stack, { command: mockProgram, words: [String(chunks)] })
  return { port: Number(line), pid }
}

interface Spot {
  readonly folder: string
  readonly port: number
  /** Port of the mock. */
  readonly upstream: number
}

async function behindGateway(
  stack: AsyncDisposableStack,
  init: ArmsInit,
  programOf: (spot: Spot) => Program,
): Promise<Arm> {
  const mock = await startMock(stack, init)
  const folder = createFolder(stack)
  const port = await freePort()
  const program = programOf({ folder, port, upstream: mock.port })
  const pid = await startGateway(stack, { ...program, name: 'gateway', folder, port })
  return { port, gateway: [pid], upstream: mock.pid }
}

/** `local-ai federated` as it comes, with a key, and one member behind it; several share their address. */
async function startEntries(stack: AsyncDisposableStack, init: ArmsInit, count: number): Promise<Arm> {
  const { chunks, entryWords } = init
  const { tokenFile, contact, pid: member } = await startPeer(stack, chunks)
  const port = await freePort()
  const gateway: number[] = []
  for (let at = 1; at <= count; at += 1) {
    const folder = createFolder(stack)
    const ownPort = count === 1 ? port : await freePort()
    const pid = await startGateway(stack, {
      ...{ name: `entry-${at}`, folder, port: ownPort, command: process.execPath },
      words: [
        ...[...profilingOf(init), MAIN, 'federated', '--address', `127.0.0.1:${ownPort}`, '--node-name', `entry-${at}`],
        ...(count === 1 ? [] : ['--shared-address', `127.0.0.1:${port}`]),
        ...['--p2p-token-file', tokenFile, '--p2p-bootstrap', contact],
        ...['--p2p-listen', '/ip4/127.0.0.1/tcp/0', '--p2p-mdns=false'],
        ...entryWords,
      ],
      environment: { LOCALAI_API_KEY: API_KEY },
    })
    gateway.push(pid)
  }
  return { port, gateway, upstream: member }
}

/** What the entry is made of, and nothing of what it does: how much is left to win. */
async function startPlain(stack: AsyncDisposableStack, { chunks }: ArmsInit): Promise<Arm> {
  const { tokenFile, contact, pid: member } = await startPeer(stack, chunks)
  const port = await freePort()
  const file = fileURLToPath(new URL('./gateway-plain.ts', import.meta.url))
  const words = [file, tokenFile, contact, String(port)]
  const folder = createFolder(stack)
  const pid = await startGateway(stack, { name: 'plain', folder, port, command: process.execPath, words })
  return { port, gateway: [pid], upstream: member }
}

function profilingOf({ profile }: ArmsInit): readonly string[] {
  return profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
}

export async function startPeer(stack: AsyncDisposableStack, chunks: number) {
  const tokenFile = join(createFolder(stack), 'token')
  writeFileSync(tokenFile, await newToken(), { mode: 0o600 })
  const file = fileURLToPath(new URL('./gateway-peer.ts', import.meta.url))
  const { line, pid } = await startTelling(stack, {
    command: process.execPath,
    words: [file, tokenFile, String(chunks)],
  })
  return { tokenFile, contact: line, pid }
}

/** Key check, access log, kept connections, streams not held back. */
function nginxConfig(folder: string, port: number, upstream: number): string {
  return `
daemon off;
worker_processes auto;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
events { worker_connections 4096; }
http {
  access_log ${folder}/access.log combined;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 100000000;
  upstream mock { server 127.0.0.1:${upstream}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      if ($http_authorization != "Bearer ${API_KEY}") { return 401; }
      proxy_pass http://mock;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`
}

/** Key check, request log, metrics, kept connections. */
function haproxyConfig(port: number, upstream: number): string {
  return `
global
  maxconn 8192
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  option http-keep-alive
  http-reuse always
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend clients
  bind 127.0.0.1:${port}
  http-request use-service prometheus-exporter if { path /metrics }
  http-request deny deny_status 401 unless { req.hdr(authorization) -m str "Bearer ${API_KEY}" }
  default_backend mock
backend mock
  server mock 127.0.0.1:${upstream} maxconn 4096
`
}

function litellmConfig(upstream: number): string {
  return `
model_list:
  - model_name: bench
    litellm_params:
      model: openai/bench
      api_base: http://127.0.0.1:${upstream}/v1
      api_key: none
general_settings:
  master_key: ${API_KEY}
litellm_settings:
  telemetry: false
`
}

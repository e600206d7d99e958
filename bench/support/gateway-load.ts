import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Arm } from './gateway-arms.ts'
import { cpuOfTree, residentOfTree } from './measure.ts'

export interface LoadInit {
  /** `http-load.c`, compiled. */
  readonly program: string
  readonly requestFile: string
  readonly connections: number
  readonly warmUpMs: number
  readonly durationMs: number
  /** How many choices an answer has at least, over all its events. */
  readonly least: number
}

/** What one load did to one arm. CPU: seconds for a thousand requests. */
export interface LoadFigures {
  readonly requestsPerSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** To the first byte of the body. */
  readonly firstP50Ms: number
  readonly firstP99Ms: number
  readonly failures: number
  readonly gatewayCpuSeconds: number
  readonly upstreamCpuSeconds: number
  readonly gatewayMegabytes: number
}

interface Printed {
  readonly requests: number
  readonly failures: number
  readonly failure: string
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly firstP50Ms: number
  readonly firstP99Ms: number
}

/** The clients are a program of their own, in C; this process sleeps meanwhile. */
export async function putUnderLoad(arm: Arm, init: LoadInit): Promise<LoadFigures & { readonly failure: string }> {
  const { program, requestFile, connections, warmUpMs, durationMs, least } = init
  const words = [arm.port, connections, Math.round(warmUpMs), Math.round(durationMs), requestFile, least].map(String)
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const cpu = () => ({
    gateway: arm.gateway.reduce((sum, pid) => sum + cpuOfTree(pid), 0),
    upstream: cpuOfTree(arm.upstream),
  })
  const exited = once(child, 'exit')
  let before = cpu()
  let after = before
  let printed: Printed | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'begin') before = cpu()
    else if (line === 'end') after = cpu()
    else printed = JSON.parse(line) as Printed
  }
  await exited
  if (printed === undefined) throw new Error('the load generator has ended without a word')
  const { requests, seconds, failure, failures, ...latencies } = printed
  return {
    ...{ requestsPerSecond: requests / seconds, ...latencies, failures, failure },
    // Milliseconds for one request are seconds for a thousand.
    gatewayCpuSeconds: requests === 0 ? Number.NaN : (after.gateway - before.gateway) / requests,
    upstreamCpuSeconds: requests === 0 ? Number.NaN : (after.upstream - before.upstream) / requests,
    gatewayMegabytes: arm.gateway.reduce((sum, pid) => sum + residentOfTree(pid), 0) / 2 ** 20,
  }
}

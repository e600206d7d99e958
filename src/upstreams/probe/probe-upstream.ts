import { AppError } from '../../base/errors.ts'
import { isObject } from '../../base/json.ts'
import type { AbortOptions } from '../../base/signals.ts'
import type { UpstreamKind } from '../dialects.ts'
import type { UpstreamHttp } from '../http/upstream-http.ts'
import { isWanted, type UpstreamConfig } from '../upstream-config.ts'
import type { CapabilitySource, UpstreamFindings, UpstreamModel } from '../upstream-model.ts'
import { guessedFrom, type Tried, toldByLmStudio, toldByOllama, useCasesOf } from './capabilities.ts'
import { type ListedEntry, readModelList } from './read-models.ts'
import { type Recognized, recognize } from './recognize.ts'
import { tryModel } from './try-model.ts'

const LIST_BYTES = 8 * 1024 * 1024
const SIGN_BYTES = 4 * 1024 * 1024
const TIMEOUT_MS = 10_000
/** A network's record of a node holds 512 models under all names. */
const MOST_MODELS = 200
/** Programs that hold their models in memory, so that trying one costs a token and nothing else. */
const RESIDENT: ReadonlySet<UpstreamKind> = new Set(['llama-server', 'vllm', 'sglang'])
const MOST_TRIED = 4
/** The owner of the models in our own lists. */
const OURS = 'local-ai'

export interface ProbeDeps {
  readonly http: Pick<UpstreamHttp, 'json'>
  readonly config: Pick<UpstreamConfig, 'name' | 'patterns'>
}

/** The models of a server as it lists them. Throws `upstream.failed` when what it answers is no list. */
export async function listModels({ http, config }: ProbeDeps, options: AbortOptions): Promise<readonly ListedEntry[]> {
  const limits = { maxBytes: LIST_BYTES, timeoutMs: TIMEOUT_MS, ...options }
  const answer = await http.json({ method: 'GET', path: { api: '/models' } }, limits)
  const entries = readModelList(answer)
  if (entries !== undefined) {
    return entries.filter((entry) => isWanted(entry.id, config.patterns) && !isEcho(entry, config.name))
  }
  throw new AppError('upstream.failed', `upstream ${config.name} does not list its models as OpenAI's API does`)
}

/**
 * A node of ours that is in this node's network, or has it as an upstream, lists what this node has named after it. Taken back,
 * each such name would come again with one more prefix at every look. Pure.
 */
function isEcho({ id, ownedBy }: ListedEntry, upstream: string): boolean {
  return ownedBy === OURS && id.split('/').includes(upstream)
}

/**
 * What stands at the other end and what its models can do. What is `known` of a model already is not asked again. Rejects as
 * `UpstreamHttp` does.
 */
export async function probeUpstream(
  deps: ProbeDeps,
  known: ReadonlyMap<string, UpstreamModel>,
  options: AbortOptions,
): Promise<UpstreamFindings> {
  const entries = await listModels(deps, options)
  const served = entries.slice(0, MOST_MODELS)
  const signs = await readSigns(deps, options)
  const found = recognize({ ...signs, entries })
  const models: UpstreamModel[] = []
  for (const entry of served) {
    const before = known.get(entry.id)
    models.push(
      before ?? (await describe(deps, { entry, found, lmStudio: signs.lmStudio, count: served.length }, options)),
    )
  }
  const { contextSize: _, ...server } = found
  return { ...server, models, left: entries.length - served.length }
}

/**
 * Whether a server that lists what it listed before is as it was found. One that is started anew between two looks may have
 * other slots and another context; only llama-server says so.
 */
export async function isAsFound(
  { http }: Pick<ProbeDeps, 'http'>,
  { kind, version, slots, models }: UpstreamFindings,
  options: AbortOptions,
): Promise<boolean> {
  if (kind !== 'llama-server' || slots === undefined) return true
  const limits = { maxBytes: SIGN_BYTES, timeoutMs: TIMEOUT_MS, ...options }
  const props = await http.json({ method: 'GET', path: { own: '/props' } }, limits).catch(() => undefined)
  options.signal?.throwIfAborted()
  const now = recognize({ props, version: undefined, ollama: undefined, lmStudio: undefined, entries: [] })
  // It answers for its models still, and this can wait for the next look.
  if (now.slots === undefined) return true
  const { contextSize } = now
  const isSameContext = contextSize === undefined || models.every((model) => model.contextSize === contextSize)
  return isSameContext && now.slots === slots && now.version === version
}

async function readSigns({ http }: ProbeDeps, options: AbortOptions) {
  const ask = async (own: string): Promise<unknown> =>
    await http
      .json({ method: 'GET', path: { own } }, { maxBytes: SIGN_BYTES, timeoutMs: TIMEOUT_MS, ...options })
      .catch(() => undefined)
  const [props, version, ollama, lmStudio] = await Promise.all([
    ask('/props'),
    ask('/version'),
    ask('/api/version'),
    ask('/api/v0/models'),
  ])
  options.signal?.throwIfAborted()
  return { props, version, ollama, lmStudio }
}

interface Described {
  readonly entry: ListedEntry
  readonly found: Recognized
  readonly lmStudio: unknown
  readonly count: number
}

async function describe(
  deps: ProbeDeps,
  { entry, found, lmStudio, count }: Described,
  options: AbortOptions,
): Promise<UpstreamModel> {
  const { id, created } = entry
  const contextSize = found.contextSize ?? entry.contextSize
  const told = await toldOf(deps, { id, kind: found.kind, lmStudio }, options)
  const trying = told === undefined && RESIDENT.has(found.kind) && count <= MOST_TRIED
  const tried = trying ? await tryModel(deps.http, id, options) : undefined
  const asked: CapabilitySource = tried === undefined ? 'guessed' : 'tried'
  return {
    id,
    capabilities: useCasesOf(told ?? tried ?? guessedFrom(id), found.kind),
    source: told === undefined ? asked : 'told',
    ...(contextSize === undefined ? {} : { contextSize }),
    ...(created === undefined ? {} : { created }),
  }
}

async function toldOf(
  { http }: ProbeDeps,
  { id, kind, lmStudio }: { readonly id: string; readonly kind: UpstreamKind; readonly lmStudio: unknown },
  options: AbortOptions,
): Promise<Tried | undefined> {
  if (kind === 'ollama') {
    const request = { method: 'POST', path: { own: '/api/show' }, body: { model: id } } as const
    const limits = { maxBytes: SIGN_BYTES, timeoutMs: TIMEOUT_MS, ...options }
    return toldByOllama(await http.json(request, limits).catch(() => undefined))
  }
  if (kind !== 'lm-studio' || !isObject(lmStudio) || !Array.isArray(lmStudio['data'])) return undefined
  return toldByLmStudio(lmStudio['data'].find((candidate: unknown) => isObject(candidate) && candidate['id'] === id))
}

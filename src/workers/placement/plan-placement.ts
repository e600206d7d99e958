import { type Cut, type CutWishes, cutLayers, MOST_WORKERS, type Run, runCosts, runMemory } from './cut-layers.ts'
import { aloneWords, contextWords, refusalWords, splitWords } from './explain-plan.ts'
import { type ModelNeeds, type ModelUse, modelNeeds } from './model-needs.ts'
import type { Machine, Plan, PlannedMachine, PlanWishes, SingleNode } from './plan.ts'
import { hasSpeeds } from './step-speed.ts'

export interface Machines {
  /** This one. */
  readonly home: Machine
  /** Those that lend memory and may be used. */
  readonly workers: readonly Machine[]
  /** Nodes that could answer instead. */
  readonly others: readonly SingleNode[]
}

/** A worker more is a machine more that can go: it has to bring this much. */
const WORTH_A_WORKER = 1.05
/** Beyond it, those with the most memory are looked at. */
const MOST_CANDIDATES = 64
/** What a split may lose against another node before it is refused: predictions are not better than this. */
const AS_GOOD_AS = 0.9

/**
 * Where the layers of a model go. On this machine alone when it fits, since every worker costs a round trip for each
 * token; else over as few workers as are nearly as fast as the best choice (`cutLayers`). A split that would be slower
 * than another node alone is refused, unless it is forced. Pure.
 */
export function planPlacement(use: ModelUse, machines: Machines, wishes: PlanWishes): Plan {
  const plan = place(use, machines, wishes)
  return { ...plan, why: [...plan.why, ...contextWords(use)] }
}

function place(use: ModelUse, machines: Machines, wishes: PlanWishes): Plan {
  const needs = modelNeeds(use)
  const alone = planAlone(needs, use, machines)
  const fitsHere = alone.machines.every(({ memoryBytes, memoryAvailableBytes }) => memoryBytes <= memoryAvailableBytes)
  const pinned = wishes.pins !== undefined
  if (wishes.split === 'off' || (fitsHere && wishes.split === 'auto' && !pinned)) {
    return { ...alone, why: aloneWords(alone, { fitsHere, forced: wishes.split === 'off' }) }
  }
  const chosen = chooseWorkers(machines.workers, wishes)
  if ('missing' in chosen) {
    const why = [`There is no worker "${chosen.missing}" that could be used: local-ai p2p workers lists them.`]
    return { ...alone, verdict: 'refused', machines: [], why }
  }
  const workers = chosen.workers
  if (workers.length === 0 && !pinned && wishes.split === 'auto') {
    // Nobody to split over: the system reads from the file what does not fit, slowly, as it always did.
    return { ...alone, why: aloneWords(alone, { fitsHere, forced: false }) }
  }
  const cut = findCut(needs, { home: machines.home, workers }, { ...wishes, fitsHere })
  if (cut === undefined) {
    return {
      ...alone,
      verdict: 'refused',
      machines: [],
      why: refusalWords(alone, { machines: workers, needs, wishes }),
    }
  }
  return planSplit({ needs, use, machines, cut, fitsHere }, wishes)
}

interface SplitFacts {
  readonly needs: ModelNeeds
  readonly use: ModelUse
  readonly machines: Machines
  readonly cut: Cut
  readonly fitsHere: boolean
}

function planSplit({ needs, use, machines, cut, fitsHere }: SplitFacts, wishes: PlanWishes): Plan {
  const used = cut.runs.flatMap(({ worker }) => worker ?? [])
  const split: Plan = {
    ...about(use),
    verdict: 'split',
    machines: cut.runs.map((run) => planned(needs, run, machines.home)),
    tokensPerSecond: 1 / cut.seconds,
    measuredSpeeds: [machines.home, ...used].every(hasSpeeds),
    why: [],
  }
  const [best] = [...machines.others].sort((one, other) => other.tokensPerSecond - one.tokensPerSecond)
  const why = splitWords(split, { fitsHere, best })
  if (wishes.split === 'force' || best === undefined || split.tokensPerSecond >= best.tokensPerSecond * AS_GOOD_AS) {
    return { ...split, why }
  }
  const way = best.hasModel ? 'it has the model: send the request there' : 'install the model there'
  const advice = `That is slower than node "${best.name}" would be alone (about ${best.tokensPerSecond.toFixed(1)} tokens/s): ${way}, or load it here with --split=force.`
  return { ...split, verdict: 'refused', why: [...why, advice] }
}

/** All on this machine, whether it fits or not. */
function planAlone(needs: ModelNeeds, use: ModelUse, { home }: Machines): Plan {
  const machine = planned(needs, { worker: undefined, from: 0, to: needs.steps.length }, home)
  return {
    ...about(use),
    verdict: 'here',
    machines: [machine],
    tokensPerSecond: 1 / machine.secondsPerToken,
    measuredSpeeds: hasSpeeds(home),
    why: [],
  }
}

function about({ model, layers, contextSize, sequences }: ModelUse) {
  return { model, layerCount: layers.layers.length, contextSize, sequences }
}

function planned(needs: ModelNeeds, { worker, from, to }: Run, home: Machine): PlannedMachine {
  const machine = worker ?? home
  const isHome = worker === undefined
  const steps = needs.steps.slice(from, to)
  const hasOutput = to === needs.steps.length
  const sum = (of: (step: (typeof steps)[number]) => number): number => steps.reduce((all, step) => all + of(step), 0)
  const bytes = sum(({ memoryBytes }) => memoryBytes)
  return {
    id: machine.id,
    name: machine.name,
    layers: steps.length - (hasOutput ? 1 : 0),
    hasOutput,
    weightBytes: sum(({ weightBytes }) => weightBytes),
    memoryBytes: runMemory(needs, { from, to, bytes, isHome }),
    memoryAvailableBytes: machine.memoryBytes,
    roundTripMs: machine.roundTripMs,
    secondsPerToken: runCosts(needs, machine, { isHome }).seconds(from, to),
  }
}

/** Those that are named, in that order; else all, the smallest first, since the last one gets the output, too. */
function chooseWorkers(
  workers: readonly Machine[],
  { pins }: PlanWishes,
): { readonly workers: readonly Machine[] } | { readonly missing: string } {
  const bySize = [...workers].sort((one, other) => one.memoryBytes - other.memoryBytes || (one.id < other.id ? -1 : 1))
  if (pins === undefined) return { workers: bySize.slice(-MOST_CANDIDATES) }
  const found: Machine[] = []
  for (const { worker } of pins) {
    const machine = workers.find(({ id, name }) => id === worker || name === worker)
    if (machine === undefined) return { missing: worker }
    if (!found.includes(machine)) found.push(machine)
  }
  return { workers: found }
}

interface Candidates {
  readonly home: Machine
  readonly workers: readonly Machine[]
}

/**
 * Whoever splits what would fit here wants it to leave, as llama.cpp does it: all layers go, if that is possible. Workers
 * that are named without figures share by their memory.
 */
function findCut(
  needs: ModelNeeds,
  machines: Candidates,
  { fitsHere, ...wishes }: PlanWishes & { readonly fitsHere: boolean },
): Cut | undefined {
  const { pins, layersAway } = wishes
  const counted = pins?.some(({ layers }) => layers !== undefined) === true
  const all = fitsHere && layersAway === undefined && !counted ? [{ ...wishes, layersAway: needs.steps.length }] : []
  for (const tried of [...all, wishes]) {
    if (pins !== undefined && !counted && wishes.proportions === undefined) {
      const byMemory = machines.workers.map(({ memoryBytes }) => memoryBytes)
      const cut = bestCut(needs, machines, { ...tried, proportions: byMemory })
      if (cut !== undefined) return cut
    }
    const cut = bestCut(needs, machines, tried)
    if (cut !== undefined) return cut
  }
  return undefined
}

/** As few workers as are nearly as fast as the fastest way. */
function bestCut(needs: ModelNeeds, machines: Candidates, wishes: PlanWishes): Cut | undefined {
  const cuts = cutLayers(needs, machines, cutWishes(needs, machines.workers, wishes))
  const found = cuts.filter((cut) => cut !== undefined)
  const fastest = Math.min(...found.map(({ seconds }) => seconds))
  const { proportions } = wishes
  if (proportions === undefined) return found.find(({ seconds }) => seconds <= fastest * WORTH_A_WORKER)
  const cut = cuts[Math.min(proportions.length, machines.workers.length, MOST_WORKERS)]
  return cut && inProportion(needs, { cut, home: machines.home }, proportions)
}

function cutWishes(needs: ModelNeeds, workers: readonly Machine[], { pins, layersAway }: PlanWishes): CutWishes {
  const away = layersAway === undefined ? undefined : Math.min(layersAway, needs.steps.length)
  const exact = (pins ?? []).flatMap(({ worker, layers }) => {
    const machine = workers.find(({ id, name }) => id === worker || name === worker)
    return layers === undefined || machine === undefined ? [] : [[machine.id, layers] as const]
  })
  return {
    ...(away === undefined ? {} : { home: needs.steps.length - away }),
    ...(exact.length === 0 ? {} : { layers: new Map(exact) }),
    // Whoever names workers wants them all.
    ...(pins === undefined ? {} : { all: true }),
  }
}

/** The same machines with the parts that were asked for; undefined when one of them is too small for its part. */
function inProportion(
  needs: ModelNeeds,
  { cut, home }: { readonly cut: Cut; readonly home: Machine },
  proportions: readonly number[],
): Cut | undefined {
  const [first, ...others] = cut.runs
  const start = first?.to ?? 0
  const away = needs.steps.length - start
  const whole = others.reduce((sum, _, index) => sum + (proportions[index] ?? 0), 0)
  let sum = 0
  let from = start
  const runs: Run[] = [{ worker: undefined, from: 0, to: start }]
  for (const [index, { worker }] of others.entries()) {
    sum += proportions[index] ?? 0
    const to = index === others.length - 1 ? needs.steps.length : start + Math.round((away * sum) / whole)
    runs.push({ worker, from, to })
    from = to
  }
  const costs = runs.map((run) => ({
    run,
    of: runCosts(needs, run.worker ?? home, { isHome: run.worker === undefined }),
  }))
  const allFit = costs.every(
    ({ run, of }) => of.fits(run.from, run.to) && (run.worker === undefined || run.to > run.from),
  )
  return allFit
    ? { runs, seconds: costs.reduce((all, { run, of }) => all + of.seconds(run.from, run.to), 0) }
    : undefined
}

import { Gauge, type Registry } from 'prom-client'

/** A model over several machines, as its plan said and as it is. */
export interface SplitFigures {
  readonly model: string
  readonly predictedTokensPerSecond: number
  /** Of single answers, lately; undefined before the first. */
  readonly measuredTokensPerSecond: number | undefined
  readonly machines: readonly { readonly name: string; readonly layers: number; readonly memoryBytes: number }[]
}

/** Where models are. */
export interface PlacementMetrics {
  /** Asked whenever somebody reads the metrics; the last one counts. */
  followSplits(read: () => readonly SplitFigures[]): void
}

export function createPlacementMetrics(registers: Registry[]): PlacementMetrics {
  let read: () => readonly SplitFigures[] = () => []
  new Gauge({
    name: 'local_ai_split_tokens_per_second',
    help: 'Speed of a model over several machines, predicted by its plan and measured',
    labelNames: ['model', 'source'],
    registers,
    collect() {
      this.reset()
      for (const { model, predictedTokensPerSecond, measuredTokensPerSecond } of read()) {
        this.set({ model, source: 'predicted' }, predictedTokensPerSecond)
        if (measuredTokensPerSecond !== undefined) this.set({ model, source: 'measured' }, measuredTokensPerSecond)
      }
    },
  })
  const perMachine = (
    name: string,
    help: string,
    value: (machine: SplitFigures['machines'][number]) => number,
  ): void => {
    new Gauge({
      name,
      help,
      labelNames: ['model', 'machine'],
      registers,
      collect() {
        this.reset()
        for (const { model, machines } of read()) {
          for (const machine of machines) this.set({ model, machine: machine.name }, value(machine))
        }
      },
    })
  }
  perMachine('local_ai_split_layers', 'Layers of a model on a machine', ({ layers }) => layers)
  perMachine('local_ai_split_memory_bytes', 'Memory of a model on a machine, as planned', (one) => one.memoryBytes)
  return {
    followSplits(given) {
      read = given
    },
  }
}

import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { type HistoryRange, RANGES, type Sample, SERIES, slotOf } from './history.ts'
import type { Figures } from './listed-network.ts'

/** What the visits found, as far back as the series go. */
export interface HistoryStore {
  /** `figures` undefined: the visit failed. */
  note(id: string, unixMs: number, figures: Figures | undefined): void
  of(id: string, range: HistoryRange): readonly Sample[]
  /** Visits and successes of a network in the last days; undefined when there was no visit. */
  countsOf(id: string, nowUnixMs: number): VisitTotals | undefined
  /** The same of every network, by id. */
  counts(nowUnixMs: number): ReadonlyMap<string, VisitTotals>
}

type VisitTotals = Pick<Sample, 'visits' | 'successes'>

const UPTIME_DAYS = 30

export function createHistoryStore(database: DatabaseSync): HistoryStore {
  const note = database.prepare(
    `INSERT INTO samples (network_id, resolution, slot, visits, successes, nodes, workers, models)
     SELECT ?1, ?2, ?3, 1, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM networks WHERE id = ?1)
     ON CONFLICT DO UPDATE SET visits = visits + 1, successes = successes + ?4,
       nodes = nodes + ?5, workers = workers + ?6, models = models + ?7`,
  )
  const forget = database.prepare('DELETE FROM samples WHERE network_id = ? AND resolution = ? AND slot <= ?')
  const read = database.prepare('SELECT * FROM samples WHERE network_id = ? AND resolution = ? ORDER BY slot')
  const countOne = database.prepare(
    `SELECT network_id, sum(visits) AS visits, sum(successes) AS successes FROM samples
     WHERE network_id = ? AND resolution = ? AND slot > ? GROUP BY network_id`,
  )
  // CROSS JOIN keeps this order: some days of each network are looked up, in place of reading the whole history of all.
  const countAll = database.prepare(
    `SELECT network_id, sum(visits) AS visits, sum(successes) AS successes
     FROM networks CROSS JOIN samples ON network_id = id AND resolution = ? AND slot > ? GROUP BY id`,
  )
  const since = (nowUnixMs: number): [resolution: number, slot: number] => [
    SERIES.year.resolutionSeconds,
    slotOf(nowUnixMs, SERIES.year) - UPTIME_DAYS,
  ]

  return {
    note(id, unixMs, figures) {
      const { nodes, workers, models } = figures ?? { nodes: 0, workers: 0, models: 0 }
      for (const range of RANGES) {
        const series = SERIES[range]
        const slot = slotOf(unixMs, series)
        const successes = figures === undefined ? 0 : 1
        note.run(id, series.resolutionSeconds, slot, successes, nodes, workers, models)
        forget.run(id, series.resolutionSeconds, slot - series.slots)
      }
    },
    of: (id, range) => read.all(id, SERIES[range].resolutionSeconds).map(toSample),
    countsOf(id, nowUnixMs) {
      const row = countOne.get(id, ...since(nowUnixMs))
      return row === undefined ? undefined : toTotals(row)
    },
    counts: (nowUnixMs) =>
      new Map(countAll.all(...since(nowUnixMs)).map((row) => [String(row['network_id']), toTotals(row)])),
  }
}

function toTotals(row: Readonly<Record<string, SQLOutputValue>>): VisitTotals {
  return { visits: Number(row['visits']), successes: Number(row['successes']) }
}

function toSample(row: Readonly<Record<string, SQLOutputValue>>): Sample {
  return {
    resolution: Number(row['resolution']),
    slot: Number(row['slot']),
    visits: Number(row['visits']),
    successes: Number(row['successes']),
    nodes: Number(row['nodes']),
    workers: Number(row['workers']),
    models: Number(row['models']),
  }
}

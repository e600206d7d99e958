import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createProgressMeter, type DownloadProgress } from '../../../src/gallery/download/progress.ts'

function collect(totalBytes: number | undefined) {
  const reports: DownloadProgress[] = []
  return { reports, meter: createProgressMeter((report) => reports.push(report), 'f.gguf', totalBytes) }
}

describe('createProgressMeter', () => {
  it('reports the first and the last position and a bounded number in between', () => {
    const total = 10_000_000_000
    const { reports, meter } = collect(total)
    for (let at = 0; at <= total; at += 1_000_000) meter.at(at)
    assert.equal(reports[0]?.receivedBytes, 0)
    assert.deepEqual(reports.at(-1), { file: 'f.gguf', receivedBytes: total, totalBytes: total, fraction: 1 })
    assert.ok(reports.length <= 202, `${reports.length} reports`)
    assert.ok(reports.length >= 100, `${reports.length} reports`)
  })
  it('reports a small file twice and never twice the same', () => {
    const { reports, meter } = collect(1000)
    for (const at of [0, 10, 500, 1000, 1000]) meter.at(at)
    assert.deepEqual(
      reports.map((report) => report.receivedBytes),
      [0, 1000],
    )
  })
  it('has no fraction while the size is unknown, and says when it starts over', () => {
    const { reports, meter } = collect(undefined)
    for (const at of [0, 300_000, 100, 400_000]) meter.at(at)
    assert.deepEqual(
      reports.map((report) => report.receivedBytes),
      [0, 300_000, 100, 400_000],
    )
    assert.ok(reports.every((report) => !('fraction' in report) && !('totalBytes' in report)))
  })
})

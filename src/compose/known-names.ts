import type { AbortOptions } from '../base/signals.ts'
import type { Completion } from '../config/setting.ts'
import type { StorageSettings } from '../config/settings.ts'
import { createGgufSummaries } from '../models/gguf-summaries.ts'
import { readModels } from '../models/read-models.ts'
import { composeBackendInstaller, composeModelInstaller, type GalleryContext } from './compose-gallery.ts'

export type NameKind = Exclude<Completion, 'path'>

/** Names that a shell may offer. Asks nobody but this machine: galleries elsewhere are left out. */
export async function knownNames(
  kind: NameKind,
  { settings, context }: { readonly settings: StorageSettings; readonly context: GalleryContext },
  options: AbortOptions = {},
): Promise<readonly string[]> {
  if (kind === 'model') {
    const { modelsPath } = settings
    const { listed } = await readModels({ summaries: createGgufSummaries(), warn: () => {} }, { modelsPath })
    return listed.map(({ id }) => id)
  }
  const local = { ...settings, galleries: '[]', backendGalleries: '[]' }
  if (kind === 'gallery-model') {
    await using models = composeModelInstaller(local, context)
    return (await models.list(options)).map(({ name }) => name)
  }
  await using backends = composeBackendInstaller(local, context)
  const known = await backends.list(options)
  return known.filter(({ installed }) => kind === 'gallery-backend' || installed).map(({ name }) => name)
}

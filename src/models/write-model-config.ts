import { mkdir, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { parseModelFile } from './config-schema.ts'
import { installedName } from './model-name.ts'
import { refuseOutsidePath } from './model-paths.ts'

/** What an install writes: LocalAI's keys, whichever of them this node uses. */
export type WritableModelConfig = Readonly<Record<string, unknown>> & { readonly name: string }

/**
 * Writes `<name>.yaml` into the models folder, whole or not at all, and gives its path; a file of that name is replaced.
 * `text` is the YAML that says the same as `config`, with whatever comments it has. Throws `model.config-invalid` when
 * the model would not be accepted when read.
 */
export async function writeModelConfig(
  modelsPath: string,
  config: WritableModelConfig,
  text?: string,
): Promise<string> {
  const name = installedName(config.name)
  const file = `${name}.yaml`
  const content = { ...config, name }
  const { parameters, mmproj, download_files: downloads } = parseModelFile(content)
  const paths = [parameters?.model, mmproj, ...(downloads ?? []).map(({ filename }) => filename)]
  for (const path of paths) if (path !== undefined) refuseOutsidePath(String(path))
  await mkdir(modelsPath, { recursive: true })
  const path = join(modelsPath, file)
  // A hidden name without the ending: neither a reader nor the watch of the folder sees it.
  const unfinished = join(modelsPath, `.${file}.${crypto.randomUUID()}.tmp`)
  try {
    await writeDurably(unfinished, text ?? stringify(content))
    await rename(unfinished, path)
  } finally {
    await rm(unfinished, { force: true })
  }
  return path
}

async function writeDurably(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx')
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

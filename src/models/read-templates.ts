import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename } from 'node:path'
import { AppError } from '../base/errors.ts'
import type { ModelFile } from './config-schema.ts'
import { fileInModels } from './model-paths.ts'
import type { TemplateKey, TemplateText, TemplateTexts } from './prompt-config.ts'
import { text } from './yaml-values.ts'

const KEYS: readonly TemplateKey[] = ['chat', 'chat_message', 'completion', 'edit', 'function']

const LONGEST_FILE = 256 * 1024

/**
 * The templates of a model. Each is written out in the configuration or names a `.tmpl` file of the models folder, and
 * `<model file>.tmpl`, when there is one, stands in for those of whole prompts that the configuration leaves out.
 */
export async function readTemplates(modelsPath: string, file: ModelFile): Promise<TemplateTexts> {
  const found = await Promise.all(
    KEYS.map(async (key) => [key, await readTemplate(modelsPath, key, text(file.template?.[key]))] as const),
  )
  const written = Object.fromEntries(found.filter(([, template]) => template !== undefined))
  const model = text(file.parameters?.model)
  const fallback = model === undefined ? undefined : await readTemplateFile(modelsPath, model)
  if (fallback === undefined) return written
  return { chat: fallback, completion: fallback, edit: fallback, ...written }
}

async function readTemplate(
  modelsPath: string,
  key: TemplateKey,
  written: string | undefined,
): Promise<TemplateText | undefined> {
  if (written === undefined) return undefined
  return (await readTemplateFile(modelsPath, written)) ?? { name: `template.${key}`, text: written }
}

/** Undefined for what can be no file name, and for a file that is not there. */
async function readTemplateFile(modelsPath: string, name: string): Promise<TemplateText | undefined> {
  if (!/^[\w@][\w.@ /+-]{0,250}$/.test(name) || name.includes('..')) return undefined
  const path = await fileInModels(modelsPath, `${name}.tmpl`)
  const content = await readBounded(path)
  return content === undefined ? undefined : { name: basename(path), text: content }
}

async function readBounded(path: string): Promise<string | undefined> {
  // A pipe under this name must not hold the reader up.
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(() => undefined)
  if (handle === undefined) return undefined
  try {
    const info = await handle.stat()
    if (!info.isFile()) return undefined
    if (info.size > LONGEST_FILE) {
      const reason = `${basename(path)} has ${info.size} bytes, and ${LONGEST_FILE} are the limit`
      throw new AppError('model.config-invalid', reason)
    }
    return await handle.readFile({ encoding: 'utf8' })
  } finally {
    await handle.close()
  }
}

import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createBackendCatalog, parseExternalBackends } from '../backends/backend-catalog.ts'
import { createModelLoader } from '../backends/model-loader.ts'
import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { Environment, Values } from '../config/setting.ts'
import type { soundSettings, speechSettings, transcriptSettings } from '../config/tool-settings.ts'
import type { ContentStore } from '../inference/content/content-store.ts'
import { createMakeSound } from '../inference/media/make-sound.ts'
import { createSpeak } from '../inference/media/speak.ts'
import { createTranscribe, type Transcript } from '../inference/media/transcribe.ts'
import { validateGguf } from '../models/gguf/validate-gguf.ts'
import { createGgufSummaries } from '../models/gguf-summaries.ts'
import type { ModelConfig } from '../models/model-config.ts'
import { fileInModels } from '../models/model-paths.ts'
import { readModels } from '../models/read-models.ts'
import { toModelConfig } from '../models/to-model-config.ts'
import type { Logger } from '../telemetry/logger.ts'

export interface OneCallContext {
  readonly log: Logger
  readonly environment: Environment
}

type SharedSettings = Omit<Values<typeof transcriptSettings>, 'responseFormat' | 'prettyPrint'>
type PlaceSettings = Pick<
  SharedSettings,
  'model' | 'modelsPath' | 'modelsConfigFile' | 'backendsPath' | 'backendsSystemPath' | 'externalGrpcBackends'
>

/** Speaks a text with a backend that runs for as long as it takes, and gives the path of the sound. */
export async function speakOnce(
  request: { readonly text: string; readonly settings: Values<typeof speechSettings> },
  context: OneCallContext,
  options: AbortOptions = {},
): Promise<string> {
  const { text, settings } = request
  const { model, voice, language, backend, outputFile } = settings
  const found = (await configured(settings, context)) ?? (await unconfigured(settings))
  const config = withBackend(found, backend ?? found.backend ?? 'piper')
  return await withBackendFor(config, { settings, context }, async (deps) => {
    return await intoFile(outputFile, async (content) => {
      const speak = createSpeak({ ...deps, content })
      await speak({ model, text, ...(voice && { voice }), ...(language && { language }) }, options)
    })
  })
}

/** Makes a sound or a piece of music, and gives the path of its file. */
export async function makeSoundOnce(
  request: { readonly text: string; readonly settings: Values<typeof soundSettings> },
  context: OneCallContext,
  options: AbortOptions = {},
): Promise<string> {
  const { text, settings } = request
  const { model, backend, outputFile, seconds, temperature, doSample, inputFile, inputFileSampleDivisor } = settings
  const found = (await configured(settings, context)) ?? (await unconfigured(settings))
  if (inputFile !== undefined) await mustBeFile(inputFile, '--input-file')
  return await withBackendFor(withBackend(found, backend), { settings, context }, async (deps) => {
    return await intoFile(outputFile, async (content) => {
      const sound = {
        model,
        text,
        sample: doSample,
        ...(seconds === undefined ? {} : { seconds }),
        ...(temperature === undefined ? {} : { temperature }),
        ...(inputFile === undefined ? {} : { source: inputFile }),
        ...(inputFileSampleDivisor === undefined ? {} : { sourceDivisor: inputFileSampleDivisor }),
      }
      await createMakeSound({ ...deps, content })(sound, options)
    })
  })
}

/** Writes down what is said in a sound file. The model must be configured. */
export async function transcribeOnce(
  request: { readonly file: string; readonly settings: SharedSettings },
  context: OneCallContext,
  options: AbortOptions = {},
): Promise<Transcript> {
  const { settings } = request
  const { model, language, prompt, translate, diarize, threads } = settings
  const file = resolve(request.file)
  await mustBeFile(file, 'the sound')
  const found = await configured(settings, context)
  if (found === undefined) throw new AppError('model.not-found', `model not found: "${model}" is not configured`)
  const config = { ...withBackend(found, found.backend ?? settings.backend), threads }
  return await withBackendFor(config, { settings, context }, async (deps) => {
    const transcribe = createTranscribe({ ...deps, content: onlyReads(file) })
    const said = { ...(language && { language }), ...(prompt && { prompt }), translate, diarize }
    return await transcribe({ model, audio: new Uint8Array(), ending: '', granularities: [], ...said }, options)
  })
}

async function configured(settings: PlaceSettings, { log }: OneCallContext): Promise<ModelConfig | undefined> {
  const { modelsPath, modelsConfigFile, model } = settings
  const warn = ({ reason, ...facts }: { readonly file: string; readonly reason: string }): void =>
    log.warn({ ...facts, room: 'models' }, reason)
  const sources = { modelsPath, ...(modelsConfigFile === undefined ? {} : { modelsConfigFile }) }
  return (await readModels({ summaries: createGgufSummaries(), warn }, sources)).byName.get(model)
}

/** A model without a YAML: a file of the models folder, or whatever the backend knows by this name. */
async function unconfigured({ modelsPath, model }: PlaceSettings): Promise<ModelConfig> {
  const modelFile = await fileInModels(modelsPath, model).catch(() => join(modelsPath, 'none'))
  return toModelConfig({ parameters: { model } }, { name: model, modelFile }, {})
}

function withBackend(config: ModelConfig, backend: string): ModelConfig {
  return { ...config, backend }
}

/** Runs `call` with a loader that knows this one model; its backend process is gone when it returns. */
async function withBackendFor<T>(
  config: ModelConfig,
  { settings, context }: { readonly settings: PlaceSettings; readonly context: OneCallContext },
  call: (deps: Pick<Parameters<typeof createSpeak>[0], 'registry' | 'loader'>) => Promise<T>,
): Promise<T> {
  const catalog = createBackendCatalog({
    builtins: [],
    external: parseExternalBackends(settings.externalGrpcBackends),
    backendsPath: settings.backendsPath,
    systemPath: settings.backendsSystemPath,
  })
  const loader = createModelLoader(
    { log: context.log.child({ room: 'backends' }), catalog, validate: validateGguf },
    { environment: context.environment, modelsPath: settings.modelsPath },
  )
  try {
    return await call({ registry: { find: () => config }, loader })
  } finally {
    await loader.stop()
  }
}

/** Lets a backend write a file of its own and copies it to where it is wanted: a failure leaves what was there. */
async function intoFile(output: string | undefined, make: (content: ContentStore) => Promise<void>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'local-ai-'))
  const path = join(folder, 'sound.wav')
  try {
    await make({ ...onlyReads(path), newFile: async () => ({ name: 'sound.wav', path }), folderOf: () => folder })
    if (output === undefined) return path
    await copyFile(path, output).catch((error: unknown) => {
      throw new AppError('content.storage-failed', `${output} cannot be written`, { cause: error })
    })
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    throw error
  }
  await rm(folder, { recursive: true, force: true })
  return output
}

/** What is to be read is a file already: no copy of it is made. */
function onlyReads(path: string): ContentStore {
  const nothing = (): never => {
    throw new AppError('internal', 'a command that only reads was asked for a new file')
  }
  return {
    newFile: nothing,
    folderOf: nothing,
    keepUpload: async () => ({ path, [Symbol.asyncDispose]: async () => {} }),
  }
}

async function mustBeFile(path: string, what: string): Promise<void> {
  const found = await stat(path).catch(() => undefined)
  if (found?.isFile() !== true) throw new AppError('request.invalid', `${what}: there is no file ${path}`)
}

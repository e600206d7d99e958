import {
  bool,
  count,
  number,
  oneOf,
  optional,
  optionalCount,
  optionalPath,
  optionalText,
  setting,
  text,
} from './setting.ts'
import { runSettings, storageSettings } from './settings.ts'

const { modelsPath, modelsConfigFile, backendsPath, allowPrivateDownloads, maxDownloadGigabytes } = storageSettings
const { backendsSystemPath, externalGrpcBackends } = runSettings

/** What a command needs that runs a backend for one call. */
const oneCallSettings = {
  modelsPath,
  modelsConfigFile,
  backendsPath,
  backendsSystemPath,
  externalGrpcBackends,
} as const

const model = setting({
  flags: ['--model'],
  short: '-m',
  env: [],
  fallback: '',
  help: 'Model to use: its name, or its file in the models folder',
  group: 'Call',
  kind: text,
  required: true,
  completes: 'model',
})

const outputFile = setting({
  flags: ['--output-file'],
  short: '-o',
  env: [],
  fallback: undefined,
  fallbackText: 'a new file in the temporary folder',
  help: 'File to write the sound to',
  group: 'Call',
  kind: optionalPath,
})

/** `local-ai tts`. */
export const speechSettings = {
  backend: setting({
    flags: ['--backend'],
    short: '-b',
    env: [],
    fallback: undefined,
    fallbackText: "the model's own, else piper",
    help: 'Backend that speaks',
    group: 'Call',
    kind: optionalText,
    completes: 'backend',
  }),
  model,
  voice: setting({
    flags: ['--voice'],
    short: '-v',
    env: [],
    fallback: undefined,
    help: 'Voice to speak with',
    group: 'Call',
    kind: optionalText,
  }),
  language: setting({
    flags: ['--language'],
    short: '-l',
    env: [],
    fallback: undefined,
    help: 'Language of the text',
    group: 'Call',
    kind: optionalText,
  }),
  outputFile,
  ...oneCallSettings,
} as const

/** `local-ai sound-generation`. */
export const soundSettings = {
  backend: setting({
    flags: ['--backend'],
    short: '-b',
    env: [],
    fallback: '',
    help: 'Backend that makes the sound',
    group: 'Call',
    kind: text,
    required: true,
    completes: 'backend',
  }),
  model,
  seconds: setting({
    flags: ['--duration'],
    short: '-d',
    env: [],
    fallback: undefined,
    help: 'Length of the sound in seconds',
    group: 'Call',
    kind: optional(number),
  }),
  temperature: setting({
    flags: ['--temperature'],
    short: '-t',
    env: [],
    fallback: undefined,
    help: 'How much chance there is in the sound',
    group: 'Call',
    kind: optional(number),
  }),
  inputFile: setting({
    flags: ['--input-file'],
    short: '-i',
    env: [],
    fallback: undefined,
    help: 'Sound to go on from',
    group: 'Call',
    kind: optionalPath,
  }),
  inputFileSampleDivisor: setting({
    flags: ['--input-file-sample-divisor'],
    short: '-f',
    env: [],
    fallback: undefined,
    help: 'Use only so great a part of that sound: 2 is a half',
    group: 'Call',
    kind: optionalCount,
  }),
  doSample: setting({
    flags: ['--do-sample'],
    short: '-s',
    env: [],
    fallback: true,
    help: 'Choose by chance instead of always the likeliest',
    group: 'Call',
    kind: bool,
  }),
  outputFile,
  ...oneCallSettings,
} as const

/** `local-ai transcript`. */
export const transcriptSettings = {
  backend: setting({
    flags: ['--backend'],
    short: '-b',
    env: [],
    fallback: 'whisper',
    help: 'Backend that listens, for a model that names none',
    group: 'Call',
    kind: text,
    completes: 'backend',
  }),
  model,
  language: setting({
    flags: ['--language'],
    short: '-l',
    env: [],
    fallback: undefined,
    help: 'Language that is spoken',
    group: 'Call',
    kind: optionalText,
  }),
  translate: setting({
    flags: ['--translate'],
    short: '-c',
    env: [],
    fallback: false,
    help: 'Write it down in English',
    group: 'Call',
    kind: bool,
  }),
  diarize: setting({
    flags: ['--diarize'],
    short: '-d',
    env: [],
    fallback: false,
    help: 'Tell the speakers apart',
    group: 'Call',
    kind: bool,
  }),
  threads: setting({
    flags: ['--threads'],
    short: '-t',
    env: [],
    fallback: 1,
    help: 'Threads of the backend',
    group: 'Call',
    kind: count,
  }),
  prompt: setting({
    flags: ['--prompt'],
    short: '-p',
    env: [],
    fallback: undefined,
    help: 'Words that help to understand what is said',
    group: 'Call',
    kind: optionalText,
  }),
  responseFormat: setting({
    flags: ['--response-format'],
    short: '-f',
    env: [],
    fallback: undefined,
    fallbackText: 'a line for every segment',
    help: 'How to print what was said',
    group: 'Call',
    kind: optional(oneOf('txt', 'lrc', 'srt', 'vtt', 'json', 'verbose_json')),
  }),
  prettyPrint: setting({
    flags: ['--pretty-print'],
    env: [],
    fallback: false,
    help: 'Print JSON on many lines',
    group: 'Call',
    kind: bool,
  }),
  ...oneCallSettings,
} as const

/** `local-ai util usecase-heuristic`. */
export const useCaseSettings = { modelsPath, modelsConfigFile } as const

/** `local-ai util hf-scan`. */
export const hubScanSettings = { allowPrivateDownloads, maxDownloadGigabytes } as const

/** `local-ai util create-oci-image`. */
export const imageSettings = {
  output: setting({
    flags: ['--output'],
    env: [],
    fallback: 'image.tar',
    help: 'Archive to write',
    group: 'Image',
    kind: { ...text, placeholder: 'PATH', completes: 'path' },
  }),
  imageName: setting({
    flags: ['--image-name'],
    env: [],
    fallback: 'localai',
    help: 'Name of the image, with or without a tag',
    group: 'Image',
    kind: text,
  }),
  platform: setting({
    flags: ['--platform'],
    env: [],
    fallback: 'linux/amd64',
    help: 'Platform of the image: OS/ARCHITECTURE',
    group: 'Image',
    kind: text,
  }),
} as const

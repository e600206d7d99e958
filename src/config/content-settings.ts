import { count, duration, path, setting } from './setting.ts'

/** Where backends put what they make, and for how long it stays. */
export const contentSettings = {
  generatedContentPath: setting({
    flags: ['--generated-content-path'],
    env: ['LOCALAI_GENERATED_CONTENT_PATH', 'GENERATED_CONTENT_PATH'],
    fallback: '/tmp/generated/content',
    help: 'Folder of the images, sounds and videos that backends make',
    group: 'Storage',
    kind: path,
  }),
  uploadPath: setting({
    flags: ['--upload-path'],
    env: ['LOCALAI_UPLOAD_PATH', 'UPLOAD_PATH'],
    fallback: '/tmp/localai/upload',
    help: 'Folder of the files that came with a request, for as long as it runs',
    group: 'Storage',
    kind: path,
  }),
  generatedContentMaxAgeMs: setting({
    flags: ['--generated-content-max-age'],
    env: ['LOCALAI_GENERATED_CONTENT_MAX_AGE'],
    fallback: 24 * 60 * 60_000,
    fallbackText: '24h',
    help: 'How long what backends have made is kept',
    group: 'Storage',
    kind: duration,
  }),
  generatedContentMaxMegabytes: setting({
    flags: ['--generated-content-max-megabytes'],
    env: ['LOCALAI_GENERATED_CONTENT_MAX_MEGABYTES'],
    fallback: 4096,
    help: 'How much of it is kept; beyond it the oldest goes',
    group: 'Storage',
    kind: count,
  }),
} as const

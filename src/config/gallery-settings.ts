import { bool, list, setting, text } from './setting.ts'

/** What `run`, `models` and `backends` know of galleries beside where they are kept. */
export const gallerySettings = {
  backendGalleries: setting({
    flags: ['--backend-galleries'],
    env: ['LOCALAI_BACKEND_GALLERIES', 'BACKEND_GALLERIES'],
    fallback: '[]',
    fallbackText: 'none',
    help: 'JSON list of backend galleries: [{"name":"…","url":"…"}]',
    group: 'Backends',
    kind: text,
  }),
  autoloadBackendGalleries: setting({
    flags: ['--autoload-backend-galleries'],
    env: ['LOCALAI_AUTOLOAD_BACKEND_GALLERIES', 'AUTOLOAD_BACKEND_GALLERIES'],
    fallback: true,
    help: 'Install the backend that a model names together with the model, when a gallery has it',
    group: 'Backends',
    kind: bool,
  }),
  imagesReleaseTag: setting({
    flags: ['--backend-images-release-tag'],
    env: ['LOCALAI_BACKEND_IMAGES_RELEASE_TAG', 'BACKEND_IMAGES_RELEASE_TAG'],
    fallback: 'latest',
    help: "What tags of backend images begin with, for which the branch's image is taken when there is none",
    group: 'Backends',
    kind: text,
  }),
  imagesBranchTag: setting({
    flags: ['--backend-images-branch-tag'],
    env: ['LOCALAI_BACKEND_IMAGES_BRANCH_TAG', 'BACKEND_IMAGES_BRANCH_TAG'],
    fallback: 'master',
    help: "What the branch's tags begin with instead",
    group: 'Backends',
    kind: text,
  }),
  imagesDevelopmentTag: setting({
    flags: ['--backend-dev-suffix'],
    env: ['LOCALAI_BACKEND_DEV_SUFFIX', 'BACKEND_DEV_SUFFIX'],
    fallback: 'development',
    help: 'What the tag ends with that is tried last',
    group: 'Backends',
    kind: text,
  }),
  disablePredownloadScan: setting({
    flags: ['--disable-predownload-scan'],
    env: ['LOCALAI_DISABLE_PREDOWNLOAD_SCAN'],
    fallback: false,
    help: "Do not ask the Hugging Face hub what its scanners found in a model's files before they are fetched",
    group: 'Hardening',
    kind: bool,
  }),
} as const

/** What only a running node knows of galleries. */
export const managementSettings = {
  autoloadGalleries: setting({
    flags: ['--autoload-galleries'],
    env: ['LOCALAI_AUTOLOAD_GALLERIES', 'AUTOLOAD_GALLERIES'],
    fallback: true,
    help: 'Read the galleries when the node starts, not when somebody first asks for them',
    group: 'Models',
    kind: bool,
  }),
  externalBackends: setting({
    flags: ['--external-backends'],
    env: ['LOCALAI_EXTERNAL_BACKENDS', 'EXTERNAL_BACKENDS'],
    fallback: [],
    fallbackText: '',
    help: 'Backends to install before serving: names of a gallery, paths or URLs',
    group: 'Backends',
    kind: list,
  }),
  disableGalleryEndpoint: setting({
    flags: ['--disable-gallery-endpoint'],
    env: ['LOCALAI_DISABLE_GALLERY_ENDPOINT', 'DISABLE_GALLERY_ENDPOINT'],
    fallback: false,
    help: 'Serve no routes that install, change or remove models and backends',
    group: 'API',
    kind: bool,
  }),
  allowBackendUris: setting({
    flags: ['--allow-backend-uris'],
    env: ['LOCALAI_ALLOW_BACKEND_URIS'],
    fallback: false,
    help: 'Let admins install backends, which are programs, from any address over the API, not from galleries only',
    group: 'Hardening',
    kind: bool,
  }),
} as const

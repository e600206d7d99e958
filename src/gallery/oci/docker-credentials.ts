import { open } from 'node:fs/promises'
import { isObject } from '../../base/json.ts'
import { DOCKER_HUB } from './image-reference.ts'

/** `user:password` in base64, as `Authorization: Basic` has it; undefined when there is none for a registry. */
export type CredentialsFor = (registry: string) => Promise<string | undefined>

const MAX_BYTES = 1024 * 1024
const MAX_CREDENTIALS = 16 * 1024

/**
 * What `docker login` keeps in the `auths` of its config.json. Read each time, since a login may come while a node runs.
 * Credential helpers are programs and are not started; identity tokens are for another way of asking and are left out.
 */
export function createDockerCredentials({ configFile }: { readonly configFile: string }): CredentialsFor {
  return async (registry) => credentialsIn(await readBounded(configFile), registry)
}

/** Pure; a text that cannot be read has no credentials. */
export function credentialsIn(text: string, registry: string): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const auths = isObject(value) && isObject(value['auths']) ? value['auths'] : {}
  for (const [key, entry] of Object.entries(auths)) {
    if (hostOf(key) !== registry || !isObject(entry) || isText(entry['identitytoken'])) continue
    const { auth, username, password } = entry
    const written =
      isText(username) && isText(password) ? Buffer.from(`${username}:${password}`).toString('base64') : auth
    if (isText(written) && written.length <= MAX_CREDENTIALS && isCredentials(written)) return written
  }
  return undefined
}

/** Keys are hosts or addresses; Docker Hub's is `https://index.docker.io/v1/`. */
function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//i, '').replace(/\/.*$/s, '')
  return ['index.docker.io', 'registry-1.docker.io'].includes(host) ? DOCKER_HUB : host
}

function isCredentials(text: string): boolean {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(text) && Buffer.from(text, 'base64').includes(':')
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

async function readBounded(path: string): Promise<string> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    return size > MAX_BYTES ? '' : await file.readFile('utf8')
  } catch {
    return ''
  }
}

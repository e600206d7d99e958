import { signal } from '@preact/signals'

/** What of a path is not ours: `/` or the prefix that a proxy adds. The page says it in its `<base>`. */
const BASE = new URL('.', document.baseURI).pathname

/** The address of a path of this node: `/api/version` behind a proxy is `/prefix/api/version`. */
export function hrefOf(path: string): string {
  return BASE + path.replace(/^\/+/, '')
}

function currentPath(): string {
  const { pathname } = location
  return pathname.startsWith(BASE) ? `/${pathname.slice(BASE.length)}` : pathname
}

export interface Place {
  readonly path: string
  readonly query: URLSearchParams
}

function here(): Place {
  return { path: currentPath(), query: new URLSearchParams(location.search) }
}

/** Where the browser is, without the prefix. */
export const place = signal<Place>(here())

/** `replace`: the way back does not lead here. */
export function navigate(to: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  const href = hrefOf(to)
  if (replace) history.replaceState(null, '', href)
  else {
    history.pushState(null, '', href)
    scrollTo(0, 0)
  }
  place.value = here()
}

addEventListener('popstate', () => {
  place.value = here()
})

export type Params = Readonly<Record<string, string>>

/** `/app/p2p/:node?` fits `/app/p2p/x` with `{ node: 'x' }`, and `/app/p2p` with nothing. Undefined: does not fit. */
export function matchPath(pattern: string, path: string): Params | undefined {
  const wanted = segmentsOf(pattern)
  const given = segmentsOf(path)
  if (given.length > wanted.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, segment] of wanted.entries()) {
    const text = given[index]
    const name = /^:(?<name>\w+)(?<optional>\?)?$/.exec(segment)?.groups
    if (name === undefined) {
      if (text !== segment) return undefined
    } else if (text !== undefined) {
      params[name['name'] ?? ''] = decode(text)
    } else if (name['optional'] === undefined) return undefined
  }
  return params
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

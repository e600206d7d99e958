import { Agent, type Dispatcher, fetch as fetchOver, ProxyAgent } from 'undici'
import { type Proxies, proxyFor } from './proxies.ts'

/** Connections to whoever is asked, directly or through the proxy for it. */
export interface Outgoing {
  dispatcherFor(url: URL): Dispatcher
  /** The web's `fetch` over these. */
  readonly fetch: (url: string | URL, init?: RequestInit) => Promise<Response>
  /** Ends what still runs. */
  destroy(): Promise<void>
}

/** `options.connect` is for those that are asked directly. Opens nothing. */
export function createOutgoing(
  options: Agent.Options & { readonly connectTimeout: number },
  proxies: Proxies,
): Outgoing {
  const direct = new Agent(options)
  const { connect: _, ...others } = options
  const agents = new Map<string, Dispatcher>()

  function dispatcherFor(url: URL): Dispatcher {
    const proxy = proxyFor(url, proxies)
    if (proxy === undefined) return direct
    const agent = agents.get(proxy.href) ?? new ProxyAgent({ ...others, uri: proxy.href })
    agents.set(proxy.href, agent)
    return agent
  }
  return {
    dispatcherFor,
    // The library's own types of the same things.
    fetch: ((url: string | URL, init: Parameters<typeof fetchOver>[1]) =>
      fetchOver(url, { ...init, dispatcher: dispatcherFor(new URL(url)) })) as unknown as Outgoing['fetch'],
    async destroy() {
      await Promise.all([direct, ...agents.values()].map((agent) => agent.destroy()))
    },
  }
}

import { Badge, Card } from '../components/parts.tsx'
import { formatCount, formatTime } from '../format.ts'
import type { LiveNode, Standing } from '../live.ts'
import { isThere } from './node-words.ts'

const SHOWN = 5

/** Whether this node could join, in words: what `local-ai p2p doctor` says. */
export function JoinHealth({
  standing,
  others,
}: {
  readonly standing: Standing
  readonly others: readonly LiveNode[]
}) {
  const { findings, addresses, networkId } = standing
  const linked = others.filter(isThere)
  const relayed = linked.filter(({ path }) => path === 'relayed')
  const versions = new Set(linked.map(({ version }) => version))
  return (
    <Card title="Health of the join">
      <ul class="checks">
        <Check ok={addresses.length > 0}>
          {addresses.length > 0
            ? 'Other machines can call this node.'
            : 'This machine has no address where others could call it: only links that it opens itself work.'}
        </Check>
        <Check ok={linked.length > 0}>
          {linked.length > 0
            ? `${formatCount(linked.length, 'node is', 'nodes are')} linked.`
            : 'No other node is linked yet. Start one with the token of this network, or see below what stands in the way.'}
        </Check>
        {relayed.length === 0 ? null : (
          <Check ok={false}>
            {`${formatCount(relayed.length, 'node is', 'nodes are')} reached through another member only, which is slower: a ` +
              'firewall or NAT is in the way.'}
          </Check>
        )}
        {versions.size < 2 ? null : (
          <Check
            ok={false}
          >{`The nodes run ${versions.size} versions: update the older ones when something does not work.`}</Check>
        )}
        {findings.slice(0, SHOWN).map(({ problem, message, at }) => (
          <Check key={`${problem}${at}`} ok={linked.length > 0 ? undefined : false}>
            <span class="hint">{formatTime(at)}</span> {message}
          </Check>
        ))}
      </ul>
      <p class="hint">
        Network <code>{networkId}</code>
      </p>
    </Card>
  )
}

interface CheckProps {
  /** Undefined: of interest, and no harm. */
  readonly ok: boolean | undefined
  readonly children: preact.ComponentChildren
}

function Check({ ok, children }: CheckProps) {
  return (
    <li>
      {ok === undefined ? <Badge>note</Badge> : <Badge tone={ok ? 'good' : 'warn'}>{ok ? 'ok' : 'look'}</Badge>}
      <span>{children}</span>
    </li>
  )
}

import { CopyButton } from '../components/copy-button.tsx'
import { Link } from '../components/link.tsx'
import { Badge, Card, Empty, Loading, Sparkline } from '../components/parts.tsx'
import { formatBytes, formatCount, formatTime } from '../format.ts'
import { about, type LiveNode, nodes, roundTripsOf } from '../live.ts'
import { DrainButton } from '../network/drain-button.tsx'
import { StateBadge } from '../network/node-table.tsx'
import { linkOf, occupationOf, rolesOf } from '../network/node-words.ts'
import { RevokeButton } from '../network/revoke-button.tsx'
import type { PageProps } from '../pages.ts'

/** All that is known of one node. */
export function Page({ params }: PageProps) {
  const node = nodes.value.get(params['node'] ?? '')
  if (about.value === undefined) return <Loading />
  if (node === undefined) {
    return (
      <>
        <h1 class="unseen">Node</h1>
        <Empty icon="network" title="There is no such node any more">
          <Link to="/app">Back to the network</Link>
        </Empty>
      </>
    )
  }
  return (
    <>
      <header class="page-head">
        <div>
          <p>
            <Link to="/app">Network</Link>
          </p>
          <h1 class="node-title">
            {node.name} <StateBadge node={node} />
          </h1>
        </div>
        <div class="actions">{node.state === 'self' ? <DrainButton /> : <RevokeButton node={node} />}</div>
      </header>
      <div class="columns">
        <Facts node={node} />
        <Connection node={node} />
        {node.lends === undefined ? null : <Lent lends={node.lends} />}
      </div>
      <Models node={node} />
    </>
  )
}

function Facts({ node }: { readonly node: LiveNode }) {
  const { memory, version, device, backends, group } = node
  return (
    <Card title="What it does">
      <dl class="fact-list">
        <dt>Role</dt>
        <dd>{rolesOf(node).join(', ')}</dd>
        <dt>Load</dt>
        <dd>{occupationOf(node)}</dd>
        <dt>Memory</dt>
        <dd>{memory.total === 0 ? 'not told' : `${formatBytes(memory.free)} free of ${formatBytes(memory.total)}`}</dd>
        <dt>Device</dt>
        <dd>{device}</dd>
        <dt>Backends</dt>
        <dd>{backends.join(', ') || 'none'}</dd>
        <dt>Version</dt>
        <dd>{version}</dd>
        {group === '' ? null : (
          <>
            <dt>Group</dt>
            <dd>{group}</dd>
          </>
        )}
      </dl>
    </Card>
  )
}

function Connection({ node }: { readonly node: LiveNode }) {
  const history = roundTripsOf(node.id)
  return (
    <Card title="Link">
      <dl class="fact-list">
        <dt>Path</dt>
        <dd>{linkOf(node)}</dd>
        {node.state === 'self' ? null : (
          <>
            <dt>Heard</dt>
            <dd>{node.state === 'silent' ? `last at ${formatTime(Date.parse(node.lastSeen))}` : 'now'}</dd>
          </>
        )}
        {history.length < 2 || node.state === 'self' ? null : (
          <>
            <dt>Round trips</dt>
            <dd>
              <Sparkline values={history} label={`The last ${history.length} round trips that differed`} />
            </dd>
          </>
        )}
        <dt>Addresses</dt>
        <dd>
          <ul class="bare-list mono">
            {node.addresses.map((address) => (
              <li key={address}>{address}</li>
            ))}
          </ul>
        </dd>
        <dt>Id</dt>
        <dd class="id">
          <code>{node.id}</code> <CopyButton text={() => node.id} />
        </dd>
      </dl>
    </Card>
  )
}

function Lent({ lends }: { readonly lends: NonNullable<LiveNode['lends']> }) {
  const speeds = Object.entries(lends.weightBytesPerSecond)
  return (
    <Card
      title="Lent memory"
      actions={<Badge tone={lends.busy ? 'warn' : 'good'}>{lends.busy ? 'in use' : 'free'}</Badge>}
    >
      <dl class="fact-list">
        <dt>At most</dt>
        <dd>
          {formatBytes(lends.memoryBytes)} on {lends.device}
        </dd>
        <dt>Waiting</dt>
        <dd>{formatCount(lends.waiting, 'node')}</dd>
        <dt>Engine</dt>
        <dd>
          {lends.build}, protocol {lends.protocol}
        </dd>
        {speeds.length === 0 ? null : (
          <>
            <dt>Weights read</dt>
            <dd>{speeds.map(([type, speed]) => `${type} ${formatBytes(speed)}/s`).join(', ')}</dd>
          </>
        )}
      </dl>
    </Card>
  )
}

function Models({ node }: { readonly node: LiveNode }) {
  const { models } = node
  return (
    <Card title={`Models (${models.length})`}>
      {models.length === 0 ? (
        <Empty icon="models" title="It has no models" />
      ) : (
        <ul class="model-list">
          {models.map(({ name, loaded, capabilities, fileSizeBytes, contextSize, generationTokensPerSecond }) => (
            <li key={name}>
              <strong>{name}</strong>
              <Badge tone={loaded ? 'good' : 'plain'}>{loaded ? 'in memory' : 'on disk'}</Badge>
              <span class="hint">
                {[
                  capabilities.join(', '),
                  fileSizeBytes === undefined ? '' : formatBytes(fileSizeBytes),
                  contextSize === undefined ? '' : `context ${contextSize}`,
                  generationTokensPerSecond === undefined ? '' : `${generationTokensPerSecond.toFixed(1)} tokens/s`,
                ]
                  .filter((text) => text !== '')
                  .join(' · ')}
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

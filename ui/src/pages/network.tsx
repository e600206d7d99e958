import { useSignal } from '@preact/signals'
import { Button } from '../components/button.tsx'
import { Card, Empty, Loading, Problem } from '../components/parts.tsx'
import { about, connection, nodes, program, standing } from '../live.ts'
import { DrainButton } from '../network/drain-button.tsx'
import { JoinDialog } from '../network/join-dialog.tsx'
import { JoinHealth } from '../network/join-health.tsx'
import { MembersCard } from '../network/members-card.tsx'
import { NodeTable } from '../network/node-table.tsx'
import { inOrder } from '../network/node-words.ts'
import { Summary } from '../network/summary.tsx'
import { Topology } from '../network/topology.tsx'
import { Workers } from '../network/workers.tsx'

/** What the network is, what it does, and how to add a machine. */
export function Page() {
  const joining = useSignal(false)
  const query = useSignal('')
  if (about.value === undefined) return <FirstWords />
  const all = inOrder(nodes.value.values())
  if (about.value.self === undefined) return <Alone />
  const self = all.find(({ state }) => state === 'self')
  const others = all.filter((node) => node !== self)
  const wanted = query.value.trim().toLowerCase()
  const shown = all.filter(
    ({ name, models, id }) =>
      name.toLowerCase().includes(wanted) ||
      id.includes(query.value.trim()) ||
      models.some((model) => model.name.toLowerCase().includes(wanted)),
  )
  return (
    <>
      <header class="page-head">
        <div>
          <h1>Network</h1>
          <p>{inShort(all.length, others.length)}</p>
        </div>
        <div class="actions">
          <DrainButton />
          <Button
            kind="primary"
            icon="plus"
            onClick={() => {
              joining.value = true
            }}
          >
            Add a machine
          </Button>
        </div>
      </header>
      {all.length === 0 ? null : <Summary nodes={all} />}
      {self === undefined ? null : (
        <Card class="flush">
          <Topology self={self} others={others} />
          <Legend />
        </Card>
      )}
      <Card
        title="Nodes"
        actions={
          all.length < 8 ? undefined : (
            <input
              type="search"
              aria-label="Filter the nodes by name or model"
              placeholder="Name or model"
              value={query.value}
              onInput={({ currentTarget }) => {
                query.value = currentTarget.value
              }}
            />
          )
        }
      >
        {all.length === 0 ? <NobodyServes /> : <NodeTable nodes={shown} />}
      </Card>
      <Workers lending={self?.lends !== undefined} />
      <MembersCard />
      {standing.value === undefined ? null : <JoinHealth standing={standing.value} others={others} />}
      {joining.value ? (
        <JoinDialog
          onClose={() => {
            joining.value = false
          }}
        />
      ) : null}
    </>
  )
}

function inShort(all: number, others: number): string {
  if (all === 0) return 'Nobody serves models to others yet'
  return others === 0 ? 'Only this node so far' : 'Who is there, what they have, and how busy they are'
}

/** Of the nodes that serve nobody, only who manages this one is told. */
function NobodyServes() {
  return (
    <Empty icon="network" title="No node here serves others yet">
      <p>Who manages this node sees all nodes: sign in, or open this page on the node’s own machine.</p>
    </Empty>
  )
}

function FirstWords() {
  if (connection.value !== 'lost') return <Loading what="Looking at the network" />
  return <Problem>This node does not answer. Is it running?</Problem>
}

function Legend() {
  return (
    <ul class="link-legend" aria-label="What the signs mean">
      <li class="self">this node</li>
      <li class="good">serves models</li>
      <li class="entry">serves none</li>
      <li class="warn">draining</li>
      <li class="gone">gone</li>
      <li class="relayed">through another member</li>
      <li class="lends">lends memory</li>
    </ul>
  )
}

function Alone() {
  return (
    <>
      <header class="page-head">
        <h1>Network</h1>
      </header>
      <Card>
        <Empty icon="network" title="This node is in no network">
          <p>
            Nodes of one network answer each other’s requests, and join their memory for big models. Start it again
            with:
          </p>
          <pre class="command">{program} run --p2p --federated</pre>
          <p class="hint">It founds a network; this page then shows how the next machine joins.</p>
        </Empty>
      </Card>
    </>
  )
}

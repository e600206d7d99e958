import { Button } from '../components/button.tsx'
import { Badge, Card } from '../components/parts.tsx'
import { toast } from '../components/toast.tsx'
import { type Members, useMembers } from './use-members.ts'

const WORDS = { asking: 'asks to be let in', removed: 'removed' } as const

/** Who was removed and who asks; nothing where whoever has the token is welcome and nobody was removed. */
export function MembersCard() {
  const { members, change } = useMembers()
  if (members === undefined) return null
  const { open, owner, nodes } = members
  const outside = nodes.filter(isOutside)
  if (open && outside.length === 0) return null

  async function admit(id: string, name: string): Promise<void> {
    await change({ admit: [id] })
    toast(`${name} may join`, 'good')
  }

  return (
    <Card
      title="Who may be here"
      actions={
        owner && !open ? (
          <Button small onClick={() => change({ open: true })}>
            Let in whoever has the token
          </Button>
        ) : undefined
      }
    >
      <p class="hint">
        {open ? 'Whoever has the token may join, but for those that were removed.' : 'Newcomers have to be admitted.'}
        {owner ? '' : ' The owner of the network decides that, on another node.'}
      </p>
      {outside.length === 0 ? null : (
        <ul class="model-list">
          {outside.map(({ id, name, standing }) => (
            <li key={id}>
              <strong>{name || 'a node without a name'}</strong>
              <Badge tone={standing === 'removed' ? 'bad' : 'warn'}>{WORDS[standing]}</Badge>
              <code class="hint">{id}</code>
              {owner ? (
                <Button small label={`Admit ${name || id}`} onClick={() => admit(id, name || 'it')}>
                  Admit
                </Button>
              ) : null}
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

type Outside = Members['nodes'][number] & { readonly standing: keyof typeof WORDS }

function isOutside(node: Members['nodes'][number]): node is Outside {
  return node.standing === 'removed' || node.standing === 'asking'
}

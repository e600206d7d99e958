import { useSignal } from '@preact/signals'
import { encode } from 'uqr'
import { apiText } from '../api.ts'
import { Button } from '../components/button.tsx'
import { CopyButton } from '../components/copy-button.tsx'
import { Dialog } from '../components/dialog.tsx'
import { Field, Problem } from '../components/parts.tsx'
import { manages, program, standing } from '../live.ts'
import { bestAddress, JOIN_KINDS, type JoinKind, joinCommand, joinPreparation } from './join-command.ts'
import { useMembers } from './use-members.ts'

const HIDDEN = '••••••••••••'

const KINDS: Readonly<Record<JoinKind, string>> = {
  serve: 'It answers with its own models, and uses those of the others',
  lend: 'It lends its memory to models that are too big for one machine',
  entry: 'It has no models: one address for those of all',
}

/** How another machine joins. The token is asked for when somebody wants to see or copy it, not before. */
export function JoinDialog({ onClose }: { readonly onClose: () => void }) {
  const kind = useSignal<JoinKind>('serve')
  const token = useSignal<string | undefined>(undefined)
  const { members } = useMembers()
  const address = bestAddress(standing.value?.addresses ?? [])
  const fetchToken = (): Promise<string> => apiText('/api/p2p/token')
  const commandWith = (secret: string): string =>
    joinCommand(kind.value, { program: program.value, token: secret, address })

  return (
    <Dialog title="Add a machine" onClose={onClose}>
      {manages.value ? (
        <>
          <Field label="What shall it do?">
            {(control) => (
              <select
                {...control}
                value={kind.value}
                onChange={({ currentTarget }) => {
                  kind.value = JOIN_KINDS.find((one) => one === currentTarget.value) ?? 'serve'
                }}
              >
                {JOIN_KINDS.map((one) => (
                  <option key={one} value={one}>
                    {KINDS[one]}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <p>{joinPreparation(program.value)}</p>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached with the keyboard */}
          <pre class="command" tabIndex={0}>
            {commandWith(token.value ?? HIDDEN)}
          </pre>
          <div class="actions">
            <CopyButton label="Copy the command" text={async () => commandWith(await fetchToken())} />
            <CopyButton label="Copy the token" text={fetchToken} />
            <Button
              small
              icon="eye"
              pressed={token.value !== undefined}
              onClick={async () => {
                token.value = token.value === undefined ? await fetchToken() : undefined
              }}
            >
              {token.value === undefined ? 'Show the token' : 'Hide the token'}
            </Button>
          </div>
          {token.value === undefined ? null : <TokenCode token={token.value} />}
          <p class="hint">
            {members?.open === false
              ? 'The token alone is not enough now: the owner of the network has to admit the machine, which asks for that on this page when it calls. '
              : 'Whoever has the token is a member: keep it as you keep a password. '}
            On one local network the machines find each other by themselves; elsewhere the address in the command has to
            be reachable.
          </p>
        </>
      ) : (
        <Problem tone="info">
          Only the owner of this node may see the token of the network. Open this page on the machine itself
          (http://127.0.0.1), or sign in with one of its API keys.
        </Problem>
      )}
    </Dialog>
  )
}

/** For a camera of the other machine. Dark on light in both themes: readers expect that. */
function TokenCode({ token }: { readonly token: string }) {
  const { size, data } = encode(token, { border: 2, ecc: 'L' })
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('')
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label="The token as a QR code"
      shape-rendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  )
}

import { effect, signal } from '@preact/signals'
import { api, signInWanted } from './api.ts'
import { connection } from './live.ts'

/** `/api/auth/status`. */
export interface SessionStatus {
  readonly authEnabled: boolean
  readonly staticApiKeyRequired: boolean
  readonly hasUsers: boolean
  readonly registrationMode: string
  readonly user: { readonly name: string; readonly role: string } | null
}

/** How to sign in here and who has; undefined until this node has said it. */
export const session = signal<SessionStatus | undefined>(undefined)

async function loadSession(): Promise<void> {
  session.value = await api<SessionStatus>('/api/auth/status')
}

// Asked again when this node is back, and when somebody has to sign in.
effect(() => {
  const isLost = connection.value === 'lost' && !signInWanted.value
  if (isLost || session.peek() !== undefined) return
  loadSession().catch(() => {
    // Said by whatever else is asked.
  })
})

/** With an API key of this node, or of an account. The key is kept in a cookie that no script can read. */
export async function signInWithKey(key: string): Promise<void> {
  await api('/api/auth/token-login', { body: { token: key } })
  await signedIn()
}

export async function signIn(login: string, password: string): Promise<void> {
  await api('/api/auth/login', { body: { email: login, password } })
  await signedIn()
}

export interface NewAccount {
  readonly name: string
  readonly password: string
  /** The set-up code of the first admin, or an invitation. */
  readonly code: string
}

/** The first account becomes the admin with the code that the node prints; later ones need what its owner asks for. */
export async function makeAccount({ name, password, code }: NewAccount): Promise<string | undefined> {
  if (session.value?.hasUsers === false) await api('/api/auth/setup', { body: { code, name, password } })
  else {
    const invite = code === '' ? {} : { inviteCode: code }
    const { message } = await api<{ message: string }>('/api/auth/register', { body: { name, password, ...invite } })
    if (message !== 'registered') return message
  }
  await signedIn()
  return undefined
}

async function signedIn(): Promise<void> {
  const before = session.peek()?.user?.name
  await loadSession()
  // What somebody else was working on is not for this one.
  if (before !== undefined && before !== session.peek()?.user?.name) location.reload()
  signInWanted.value = false
}

export async function signOut(): Promise<void> {
  if (session.value?.authEnabled === true) await api('/api/auth/logout', { method: 'POST' })
  await api('/api/auth/token-login', { method: 'DELETE' })
  location.reload()
}

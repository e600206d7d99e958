import { useSignal } from '@preact/signals'
import { messageOf } from '../api.ts'
import { makeAccount, session, signIn, signInWithKey } from '../session.ts'
import { Button } from './button.tsx'
import { Card, Field, Problem } from './parts.tsx'

type Way = 'key' | 'account' | 'new'

/** Stands in the place of a page while this node wants to know who is asking. */
export function SignIn() {
  const { authEnabled = false, hasUsers = true, registrationMode = '' } = session.value ?? {}
  const way = useSignal<Way | undefined>(undefined)
  const first: Way = authEnabled ? 'account' : 'key'
  const chosen = way.value ?? (authEnabled && !hasUsers ? 'new' : first)
  const mayRegister = authEnabled && (!hasUsers || (registrationMode !== '' && registrationMode !== 'closed'))
  const ways: readonly (readonly [Way, string])[] = [
    ...(authEnabled && hasUsers ? [['account', 'Account'] as const] : []),
    ...(mayRegister ? [['new', hasUsers ? 'New account' : 'First admin'] as const] : []),
    ['key', 'API key'],
  ]
  return (
    <div class="sign-in">
      <Card title="Sign in">
        {ways.length < 2 ? null : (
          <div class="tabs" role="tablist" aria-label="How to sign in">
            {ways.map(([name, title]) => (
              <button
                key={name}
                type="button"
                role="tab"
                aria-selected={name === chosen}
                onClick={() => {
                  way.value = name
                }}
              >
                {title}
              </button>
            ))}
          </div>
        )}
        {chosen === 'key' ? <KeyForm /> : <AccountForm isNew={chosen === 'new'} isFirst={!hasUsers} />}
      </Card>
    </div>
  )
}

function KeyForm() {
  const { error, submit } = useForm(async (values) => {
    await signInWithKey(values('key'))
    return undefined
  })
  return (
    <form onSubmit={submit}>
      <Field label="API key" hint="One of --api-keys, or of your account">
        {(control) => <input {...control} name="key" type="password" required autocomplete="current-password" />}
      </Field>
      {error === undefined ? null : <Problem>{error}</Problem>}
      <Button kind="primary">Sign in</Button>
    </form>
  )
}

function AccountForm({ isNew, isFirst }: { readonly isNew: boolean; readonly isFirst: boolean }) {
  const { error, submit, note } = useForm(async (values) => {
    const [name, password] = [values('name'), values('password')]
    if (isNew) return await makeAccount({ name, password, code: values('code') })
    await signIn(name, password)
    return undefined
  })
  return (
    <form onSubmit={submit}>
      <Field label={isNew ? 'Name' : 'Name or e-mail'}>
        {(control) => <input {...control} name="name" required autocomplete="username" />}
      </Field>
      <Field label="Password">
        {(control) => (
          <input
            {...control}
            name="password"
            type="password"
            required
            autocomplete={isNew ? 'new-password' : 'current-password'}
          />
        )}
      </Field>
      {isNew ? (
        <Field
          label={isFirst ? 'Set-up code' : 'Invitation'}
          hint={isFirst ? 'The node printed it when it started' : 'If you have got one'}
        >
          {(control) => <input {...control} name="code" required={isFirst} autocomplete="off" />}
        </Field>
      ) : null}
      {error === undefined ? null : <Problem>{error}</Problem>}
      {note === undefined ? null : <Problem tone="info">{note}</Problem>}
      <Button kind="primary">{isNew ? 'Make the account' : 'Sign in'}</Button>
    </form>
  )
}

type Values = (name: string) => string

const textOf = (form: FormData, name: string): string => String(form.get(name) ?? '')

function useForm(send: (values: Values) => Promise<string | undefined>) {
  const error = useSignal<string | undefined>(undefined)
  const note = useSignal<string | undefined>(undefined)
  function submit(event: SubmitEvent & { readonly currentTarget: HTMLFormElement }): void {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    error.value = undefined
    // A password is what was typed: the command line and other programs send it with its spaces.
    send((name) => (name === 'password' ? textOf(form, name) : textOf(form, name).trim())).then(
      (said) => {
        note.value = said
      },
      (thrown: unknown) => {
        error.value = messageOf(thrown)
      },
    )
  }
  return { error: error.value, note: note.value, submit }
}

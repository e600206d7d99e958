import { render } from 'preact'
import { messageOf } from './api.ts'
import { App } from './app.tsx'
import { toast } from './components/toast.tsx'
import { startLive } from './live.ts'
import { loadSession } from './session.ts'

const root = document.getElementById('app')
if (root !== null) render(<App />, root)
startLive()
loadSession().catch((error: unknown) => toast(messageOf(error), 'bad'))

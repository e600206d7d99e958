import { useSignal } from '@preact/signals'
import { api } from '../api.ts'
import { Button } from '../components/button.tsx'
import { Dialog } from '../components/dialog.tsx'
import { toast } from '../components/toast.tsx'
import { formatCount } from '../format.ts'
import { manages, standing } from '../live.ts'

/** Takes this node out of service without hurting anybody, and back. */
export function DrainButton() {
  const asking = useSignal(false)
  const drain = standing.value?.drain
  if (!manages.value || drain === undefined) return null

  async function change(method: 'POST' | 'DELETE'): Promise<void> {
    asking.value = false
    await api('/api/p2p/drain', { method })
    toast(method === 'POST' ? 'This node takes nothing new' : 'This node takes new requests', 'good')
  }

  if (drain.draining) {
    const left = drain.running === 0 ? 'nothing runs here any more' : `${formatCount(drain.running, 'request')} left`
    return (
      <Button icon="play" onClick={() => change('DELETE')}>
        Take requests again ({left})
      </Button>
    )
  }
  return (
    <>
      <Button
        icon="pause"
        onClick={() => {
          asking.value = true
        }}
      >
        Drain this node
      </Button>
      {asking.value ? (
        <Dialog
          title="Drain this node?"
          onClose={() => {
            asking.value = false
          }}
          actions={
            <Button kind="primary" onClick={() => change('POST')}>
              Drain
            </Button>
          }
        >
          <p>
            It finishes what runs ({formatCount(drain.running, 'request')} now) and takes nothing new: requests go to
            other nodes of the network, and those that come to an entry are refused. Do this before the machine is
            switched off. It can be undone.
          </p>
        </Dialog>
      ) : null}
    </>
  )
}

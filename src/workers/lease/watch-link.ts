import type { Network } from '../../p2p/network.ts'

/** A machine that computes with all its cores may be silent for a moment; one that was switched off stays so. */
const GRACE_MS = 3000

/**
 * Calls `onGone` once, when the peer has left the network, or when nothing was heard of it for a while. Gives the function
 * that ends the watch.
 */
export function watchLink(
  network: Pick<Network, 'peers' | 'onChange'>,
  peerId: string,
  onGone: () => void,
): () => void {
  let timer: NodeJS.Timeout | undefined
  let over = false

  function end(): void {
    over = true
    clearTimeout(timer)
    stop()
  }
  function gone(): void {
    if (over) return
    end()
    onGone()
  }
  function look(): void {
    const peer = network.peers().find(({ record }) => record.peerId === peerId)
    if (peer === undefined) gone()
    else if (peer.state === 'linked') {
      clearTimeout(timer)
      timer = undefined
    } else timer ??= setTimeout(gone, GRACE_MS).unref()
  }
  const stop = network.onChange(look)
  // Not at once: whoever asks for the watch shall have its answer first.
  queueMicrotask(() => {
    if (!over) look()
  })
  return end
}

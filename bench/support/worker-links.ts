import { Duplex } from 'node:stream'

/** The same stream, so many milliseconds away in each direction. */
export function farAway(near: Duplex, delayMs: number): Duplex {
  if (delayMs === 0) return near
  const far = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, written) {
      setTimeout(() => near.write(chunk), delayMs)
      written()
    },
    destroy(error, done) {
      near.destroy()
      done(error)
    },
  })
  near.on('data', (chunk: Buffer) => setTimeout(() => far.push(chunk), delayMs))
  near.on('error', () => far.destroy())
  near.on('close', () => far.destroy())
  return far
}

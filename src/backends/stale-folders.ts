import { lstat, readdir, rmdir, unlink } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'

/** Longer than any backend takes to begin to listen. */
const STALE_MS = 60 * 60_000

/**
 * Removes the folders of sockets, all with this prefix, that are left of backends which were killed together with their
 * node. Who lives cannot be told by process numbers, since containers may share the folder, but by whether anybody
 * listens. Never rejects.
 */
export async function removeStale(base: string, prefix: string): Promise<void> {
  const names = await readdir(base).catch(() => [])
  for (const name of names.filter((candidate) => candidate.startsWith(prefix))) {
    // What is used, is somebody else's or is going already stays.
    await removeIfStale(join(base, name)).catch(() => {})
  }
}

async function removeIfStale(folder: string): Promise<void> {
  const found = await lstat(folder)
  const isOld = Date.now() - found.mtimeMs > STALE_MS
  if (!found.isDirectory() || found.uid !== process.getuid?.() || !isOld) return
  const entries = await readdir(folder, { withFileTypes: true })
  const sockets = entries.map(({ name }) => join(folder, name))
  if (!entries.every((entry) => entry.isSocket()) || (await Promise.all(sockets.map(isHeard))).includes(true)) return
  for (const socket of sockets) await unlink(socket)
  await rmdir(folder)
}

/** Whether somebody listens at a socket, or may. */
async function isHeard(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(true))
  socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED'))
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}

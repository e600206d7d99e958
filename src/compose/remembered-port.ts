import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'

/**
 * The port to listen on, one for all address families: that of the last start, so that addresses that others were given
 * stay right, or a free one when there is none or something else has it now.
 */
export async function rememberedPort(file: string): Promise<number> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const last = /^\d{1,5}\n?$/.test(text) ? Number(text) : 0
  const free = (last > 0 && last < 65_536 ? await freePort(last) : undefined) ?? (await freePort(0))
  return free ?? 0
}

/** Best effort: a port that is not remembered is found anew. A disk that is full takes the one of before from nobody. */
export async function rememberPort(file: string, port: number): Promise<void> {
  const text = `${port}\n`
  if ((await readFile(file, 'utf8').catch(() => '')) === text) return
  const unfinished = `${file}.new`
  try {
    await writeFile(unfinished, text, { mode: 0o600 })
    await rename(unfinished, file)
  } catch {
    await rm(unfinished, { force: true }).catch(() => {})
  }
}

/** Undefined when it is taken; for 0, any. */
async function freePort(wanted: number): Promise<number | undefined> {
  return await new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ port: wanted }, () => {
      const address = server.address()
      server.close(() => resolve(address === null || typeof address === 'string' ? undefined : address.port))
    })
  })
}

import { crc32, deflateRawSync, gzipSync } from 'node:zlib'
import { Header } from 'tar'

export interface ZipMember {
  readonly name: string
  readonly body: Buffer
  /** Unix mode, type included; 0o120777 is a symbolic link. */
  readonly mode?: number
  /** What the directory claims instead of the truth. */
  readonly claimedSize?: number
  readonly claimedCrc?: number
}

/** A zip archive, honest or not, as a test needs it. */
export function makeZip(members: readonly ZipMember[]): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, body, mode = 0o100644, claimedSize = body.length, claimedCrc = crc32(body) } of members) {
    const packed = deflateRawSync(body)
    const path = Buffer.from(name)
    const shared = Buffer.alloc(26)
    for (const [at, value] of [
      [0, 20],
      [4, 8],
      [22, path.length],
    ] as const) {
      shared.writeUInt16LE(value, at)
    }
    shared.writeUInt32LE(claimedCrc, 10)
    shared.writeUInt32LE(packed.length, 14)
    shared.writeUInt32LE(claimedSize, 18)
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004'), shared, path, packed])
    const tail = Buffer.alloc(14)
    tail.writeUInt32LE((mode << 16) >>> 0, 6)
    tail.writeUInt32LE(offset, 10)
    // "Version made by" says Unix, so that the mode counts.
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002\u001e\u0003'), shared, tail, path]))
    locals.push(local)
    offset += local.length
  }
  const size = directory.reduce((sum, entry) => sum + entry.length, 0)
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006')
  end.writeUInt16LE(members.length, 8)
  end.writeUInt16LE(members.length, 10)
  end.writeUInt32LE(size, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...locals, ...directory, end])
}

export interface TarMember {
  readonly path: string
  readonly body?: Buffer
  readonly type?: 'File' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'Directory' | 'FIFO'
  readonly linkpath?: string
  readonly mode?: number
}

/** A `.tar.gz`, with members that no honest program would write where a test wants them. */
export function makeTarGz(members: readonly TarMember[]): Buffer {
  return gzipSync(makeTar(members))
}

/** The same, not compressed. */
export function makeTar(members: readonly TarMember[]): Buffer {
  const blocks = members.flatMap(({ path, body = Buffer.alloc(0), type = 'File', linkpath = '', mode = 0o644 }) => {
    const header = new Header({ path, type, linkpath, mode, size: body.length, mtime: new Date(0), uid: 0, gid: 0 })
    const block = Buffer.alloc(512)
    header.encode(block, 0)
    return [block, body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  return Buffer.concat([...blocks, Buffer.alloc(1024)])
}

import { type FileHandle, open, stat } from 'node:fs/promises'
import { NewestMap } from '../../base/newest-map.ts'
import type { AbortOptions } from '../../base/signals.ts'
import { splitPlace } from '../../models/gguf/split-files.ts'
import { readModelHeaders } from '../../models/gguf/validate-gguf.ts'
import { hashBytes } from '../wire/weight-pieces.ts'
import type { PiecePlace } from '../worker-stream.ts'

export interface ModelPiecesDeps {
  /** The first files of the models that this node has, in any order. */
  readonly files: () => readonly string[]
}

/** Pieces of weights out of the model files of this machine. */
export interface ModelPieces {
  /** Undefined: no file has these bytes at this place. Never rejects but with the signal's reason. */
  read(hash: string, place: PiecePlace, options?: AbortOptions): Promise<Buffer | undefined>
}

/** Models that have a tensor of the same name and another one's bytes, for each question. */
const MAX_LOOKED_AT = 4
const MAX_KNOWN = 64

interface Place {
  readonly file: string
  /** From the start of the file. */
  readonly at: number
  readonly bytes: number
}

interface Known {
  readonly stamp: string
  readonly tensors: ReadonlyMap<string, Place>
}

/**
 * Nobody says which model a piece is of: the files with such a tensor are looked at, that which had the last piece first.
 * What is given away is only what the asker knows the hash of.
 */
export function createModelPieces({ files }: ModelPiecesDeps): ModelPieces {
  const known = new NewestMap<string, Known>(MAX_KNOWN)
  let last: string | undefined

  async function tensorsOf(model: string, options: AbortOptions): Promise<Known['tensors']> {
    const { size, mtimeMs } = await stat(model)
    const stamp = `${size} ${mtimeMs}`
    const before = known.get(model)
    if (before?.stamp === stamp) return before.tensors
    const parts = splitPlace(model)?.files ?? [model]
    const tensors = new Map<string, Place>()
    for (const [index, header] of (await readModelHeaders(model, options)).entries()) {
      const file = parts[index]
      if (file === undefined) continue
      for (const { name, offset, sizeBytes } of header.tensors) {
        tensors.set(name, { file, at: header.dataOffset + offset, bytes: sizeBytes })
      }
    }
    known.set(model, { stamp, tensors })
    return tensors
  }

  async function readFrom(model: string, piece: PiecePlace & { readonly hash: string }, options: AbortOptions) {
    const tensor = (await tensorsOf(model, options)).get(piece.tensor)
    if (tensor === undefined || piece.offset + piece.length > tensor.bytes) return 'not here'
    const bytes = await readSlice(tensor.file, tensor.at + piece.offset, piece.length)
    return bytes !== undefined && (await hashBytes(bytes)).toString('hex') === piece.hash ? bytes : undefined
  }

  return {
    async read(hash, place, options = {}) {
      let left = MAX_LOOKED_AT
      for (const model of [...files()].sort((one, other) => Number(other === last) - Number(one === last))) {
        options.signal?.throwIfAborted()
        // A file that is gone, or none of llama.cpp's, has no pieces.
        const found = await readFrom(model, { ...place, hash }, options).catch(() => 'not here' as const)
        if (found === 'not here') continue
        if (found !== undefined) {
          last = model
          return found
        }
        left -= 1
        if (left === 0) return
      }
      return
    },
  }
}

async function readSlice(path: string, at: number, length: number): Promise<Buffer | undefined> {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, at)
    return bytesRead === length ? buffer : undefined
  } finally {
    await file?.close()
  }
}

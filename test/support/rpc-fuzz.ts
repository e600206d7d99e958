import { COMMAND, FRAME_BYTES, readWord, SET_TENSOR_BYTES } from '../../src/workers/wire/rpc-protocol.ts'
import { createRpcSession } from '../../src/workers/wire/rpc-session.ts'
import { seededRandom } from './random.ts'
import { u32, u64 } from './rpc-messages.ts'
import { createRpcOracle } from './rpc-oracle.ts'
import { sampleSession } from './rpc-sample.ts'
import { BASE, FIRST_HANDLE } from './rpc-worker.ts'

const MEMORY_BYTES = 1 << 20
/** Numbers at which something overflows, ends, or begins to be another's. */
const NUMBERS = [0n, 1n, 2n, 4n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]
const ADDRESSES = [
  BigInt(BASE),
  BigInt(BASE) - 1n,
  BigInt(BASE) + 65_535n,
  BigInt(BASE) + 65_536n,
  BigInt(FIRST_HANDLE),
  1n,
]

export interface FuzzReport {
  readonly messages: number
  readonly passed: number
  readonly sessions: number
  /** Why sessions ended, and how often. */
  readonly refused: ReadonlyMap<string, number>
}

/** Sessions that were right until dice changed a part of them. Throws when something passes that must not, or the guard does. */
export function fuzzRpc({ seed, messages }: { readonly seed: number; readonly messages: number }): FuzzReport {
  const random = seededRandom(seed)
  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)]
  const refused = new Map<string, number>()
  const valid = sampleSession()
  let [sent, passed, sessions] = [0, 0, 0]

  function mutate(message: Buffer): Buffer {
    const bytes = Buffer.from(message)
    if (bytes.length < FRAME_BYTES) return bytes
    const at = Math.floor(random() * bytes.length)
    const word = Math.min(at, Math.max(0, bytes.length - 8))
    switch (Math.floor(random() * 8)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << Math.floor(random() * 8))
        return bytes
      case 1:
        bytes.writeBigUInt64LE(pick(NUMBERS) ?? 0n, 1)
        return bytes
      case 2:
        bytes.writeBigUInt64LE(pick(ADDRESSES) ?? 0n, word)
        return bytes
      case 3:
        bytes.writeBigUInt64LE(pick(NUMBERS) ?? 0n, word)
        return bytes
      case 4:
        bytes.writeUInt32LE((Number(pick(NUMBERS) ?? 0n) % 2 ** 32) >>> 0, Math.min(at, bytes.length - 4))
        return bytes
      case 5:
        return bytes.subarray(0, at)
      case 6:
        bytes[0] = Math.floor(random() * 20)
        return bytes
      default: {
        // One field of a tensor takes the place of another.
        const from = Math.floor(random() * Math.max(1, bytes.length - 8))
        bytes.copy(bytes, word, from, from + 8)
        return bytes
      }
    }
  }
  function plan(): Buffer[] {
    const messages = [...valid]
    const changes = 1 + Math.floor(random() * 3)
    for (let i = 0; i < changes; i++) {
      const at = Math.floor(random() * messages.length)
      const message = messages[at] ?? Buffer.alloc(0)
      const kind = random()
      if (kind < 0.1) messages.splice(at, 1)
      else if (kind < 0.2) messages.splice(at, 0, pick(valid) ?? message)
      else messages[at] = mutate(message)
    }
    return messages
  }

  while (sent < messages) {
    const session = createRpcSession({ memoryBytes: MEMORY_BYTES, pieces: false })
    const oracle = createRpcOracle(MEMORY_BYTES)
    let given = 0
    sessions += 1
    for (const message of plan()) {
      sent += 1
      // The guard would wait for the rest.
      if (message.length < FRAME_BYTES) break
      const command = message.readUInt8(0)
      const size = readWord(message, 1)
      const held = command === COMMAND.setTensor ? SET_TENSOR_BYTES : size
      const reason = session.checkFrame(command, size)
      if (reason === undefined && message.length < FRAME_BYTES + size) break
      const body = message.subarray(FRAME_BYTES)
      const verdict = reason === undefined ? session.check(command, body.subarray(0, held), size) : { refused: reason }
      if ('refused' in verdict) {
        refused.set(verdict.refused, (refused.get(verdict.refused) ?? 0) + 1)
        break
      }
      if (verdict.answer?.from === 'guard') continue
      oracle.saw(command, body.subarray(0, size))
      passed += 1
      if (verdict.answer?.learn?.(answerTo(command, body, given)) === false) throw new Error('an answer was not taken')
      if (command === COMMAND.allocBuffer) given += 1
      // What follows a message that is shorter than its bytes would be read as a message.
      if (body.length > size) break
    }
  }
  return { messages: sent, passed, sessions, refused }
}

function answerTo(command: number, body: Buffer, given: number): Buffer {
  if (command === COMMAND.allocBuffer) return Buffer.concat([u64(FIRST_HANDLE + given), body.subarray(4, 12)])
  if (command === COMMAND.bufferGetBase)
    return u64(BASE + (Number(body.readBigUInt64LE(0)) - FIRST_HANDLE) * 0x1_0000_0000)
  return command === COMMAND.deviceCount ? u32(1) : Buffer.alloc(28)
}

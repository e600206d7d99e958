import { randomBytes, randomInt } from 'node:crypto'
import { AppError } from '../../base/errors.ts'
import type { NetworkToken, OtpParameters } from './network-token.ts'
import { MAX_TOKEN_NUMBER } from './parse-token.ts'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** 43 letters of 62 are 256 bits, and as many characters as the base64 code of LocalAI. */
const SECRET_LENGTH = 43
const MAX_MESSAGE_BYTES = 20 * 1024 * 1024
const NETWORK_ID_BYTES = 16

/** What LocalAI takes instead of 0. */
const DHT_SECONDS_FOR_ZERO = 30
const OTP_SECONDS_FOR_ZERO = 9000

export interface TokenInit {
  /** 360 when absent; 0 means 30, as LocalAI has it. */
  readonly dhtIntervalSeconds?: number
  /** 9000 when absent or 0. */
  readonly otpIntervalSeconds?: number
  /** Of `loadOwnerKey`. */
  readonly ownerKey?: string
}

/**
 * A token for a network that does not exist yet, of secrets from the operating system's generator. Throws
 * `config.invalid` for an interval that no token can have.
 */
export function generateToken(init: TokenInit = {}): NetworkToken {
  const { dhtIntervalSeconds = 360, otpIntervalSeconds = 9000, ownerKey } = init
  return {
    dht: otp(checkInterval(dhtIntervalSeconds, '--p2p-dht-interval') || DHT_SECONDS_FOR_ZERO),
    crypto: otp(checkInterval(otpIntervalSeconds, '--p2p-otp-interval') || OTP_SECONDS_FOR_ZERO),
    room: secret(),
    rendezvous: secret(),
    mdns: secret(),
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    networkId: randomBytes(NETWORK_ID_BYTES).toString('hex'),
    ...(ownerKey === undefined ? {} : { ownerKey }),
  }
}

function otp(intervalSeconds: number): OtpParameters {
  return { key: secret(), intervalSeconds, length: SECRET_LENGTH }
}

function checkInterval(seconds: number, flag: string): number {
  if (Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_TOKEN_NUMBER) return seconds
  throw new AppError('config.invalid', `${flag} must be a whole number of seconds from 0 to ${MAX_TOKEN_NUMBER}`)
}

/** `randomInt` draws again instead of folding, so that no letter is likelier than another. */
function secret(): string {
  return Array.from({ length: SECRET_LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('')
}

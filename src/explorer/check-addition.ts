import { AppError } from '../base/errors.ts'
import { isObject } from '../base/json.ts'
import type { GivenToken, ReadToken } from './listed-network.ts'
import { isPrintable, MAX_DESCRIPTION_LENGTH, MAX_NAME_LENGTH } from './listing-text.ts'

/** What somebody wants to be listed, checked. */
export interface Addition {
  readonly token: GivenToken
  readonly name: string
  readonly description: string
  readonly open: boolean
  /** Where members can be reached, as the adder says. */
  readonly addresses: readonly string[]
}

/** What the adder may change later. */
export interface Change {
  readonly name?: string
  readonly description?: string
  readonly open?: boolean
}

const MAX_ADDRESSES = 8
const MAX_ADDRESS_LENGTH = 256

/**
 * The checks of LocalAI's explorer in its order and its words; then ours. Throws `request.invalid`. `toAddress` throws for
 * what is no address of a member.
 */
export function checkAddition(
  body: unknown,
  { readToken, toAddress }: { readonly readToken: ReadToken; readonly toAddress: (text: string) => string },
): Addition {
  if (!isObject(body)) throw invalid('Cannot parse JSON')
  const token = textIn(body, 'token', 'Token is required')
  const name = textIn(body, 'name', 'Name is required')
  const description = textIn(body, 'description', 'Description is required')
  const given = read(readToken, token)
  const open = body['open'] === true
  if (open && given.kind === 'view') throw invalid('A view token opens nothing: leave out open')
  return {
    token: given,
    name: checkName(name),
    description: checkDescription(description),
    open,
    addresses: checkAddresses(body['addresses'], toAddress),
  }
}

/** Throws `request.invalid`. Fields that are absent stay as they are. */
export function checkChange(body: unknown): Change {
  if (!isObject(body)) throw invalid('Cannot parse JSON')
  const { name, description, open } = body
  if (open !== undefined && typeof open !== 'boolean') throw invalid('Open must be true or false')
  return {
    ...(name === undefined ? {} : { name: checkName(textIn(body, 'name', 'Name is required')) }),
    ...(description === undefined
      ? {}
      : { description: checkDescription(textIn(body, 'description', 'Description is required')) }),
    ...(open === undefined ? {} : { open }),
  }
}

function textIn(body: Readonly<Record<string, unknown>>, field: string, complaint: string): string {
  const value = body[field]
  if (value !== undefined && value !== null && typeof value !== 'string') throw invalid('Cannot parse JSON')
  const text = value?.trim() ?? ''
  if (text === '') throw invalid(complaint)
  return text
}

function read(readToken: ReadToken, text: string): GivenToken {
  try {
    return readToken(text)
  } catch (cause) {
    throw invalid('Invalid token', cause)
  }
}

function checkName(name: string): string {
  if (name.length > MAX_NAME_LENGTH) throw invalid(`Name is longer than ${MAX_NAME_LENGTH} characters`)
  if (!isPrintable(name)) throw invalid('Name has characters that cannot be shown')
  return name
}

function checkDescription(description: string): string {
  const plain = description.replaceAll('\r\n', '\n')
  if (plain.length > MAX_DESCRIPTION_LENGTH) {
    throw invalid(`Description is longer than ${MAX_DESCRIPTION_LENGTH} characters`)
  }
  if (!isPrintable(plain.replaceAll('\n', ' '))) throw invalid('Description has characters that cannot be shown')
  return plain
}

function checkAddresses(value: unknown, toAddress: (text: string) => string): readonly string[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value) || value.length > MAX_ADDRESSES) {
    throw invalid(`Addresses must be a list of at most ${MAX_ADDRESSES}`)
  }
  return value.map((text: unknown) => {
    if (typeof text !== 'string' || text.length > MAX_ADDRESS_LENGTH) throw invalid('An address is not valid')
    try {
      return toAddress(text)
    } catch (cause) {
      throw invalid(`The address "${text.slice(0, 60)}" is not valid: give HOST:PORT`, cause)
    }
  })
}

function invalid(message: string, cause?: unknown): AppError {
  return new AppError('request.invalid', message, cause === undefined ? {} : { cause })
}

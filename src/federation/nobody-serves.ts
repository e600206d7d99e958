import { AppError } from '../base/errors.ts'
import { mayBeAsked, type Surroundings, type Wanted } from './candidates.ts'
import { byCodeUnits } from './network-models.ts'

/** Names that are told; the rest is counted. */
const MAX_NAMES = 50
const MAX_NAME_SHOWN = 128

/** Why there is no candidate for what is wanted, as the error to throw. Pure. */
export function nobodyServes(wanted: Wanted, surroundings: Surroundings): AppError {
  const { self, local, peers } = surroundings
  const members = peers.filter((peer) => mayBeAsked(peer, self.group))
  const names = new Set(local.models?.())
  for (const { record } of members) for (const { name } of record.offer.models) names.add(name)
  if (members.length === 0 && names.size === 0) {
    return new AppError('federation.unavailable', 'no node of the network can be asked now')
  }
  const { model } = wanted
  if (model !== undefined && isElsewhere(model, surroundings)) {
    return new AppError('federation.unavailable', `no node that has model "${shorten(model)}" can be asked now`)
  }
  const missing =
    model === undefined
      ? `no node of the network has a model for ${wanted.capability}`
      : `no node of the network has model "${shorten(model)}"`
  return new AppError('network.model-not-found', `${missing}; ${whatThereIs([...names].sort(byCodeUnits))}`)
}

/** Somebody has it who cannot be asked at the moment: silent, or about to leave; or this node, which drains. */
function isElsewhere(model: string, { self, local, peers }: Surroundings): boolean {
  if (local.models?.().includes(model) === true) return true
  return peers.some(
    ({ record: { offer, leaving } }) =>
      offer.group === self.group && offer.serves && !leaving && offer.models.some(({ name }) => name === model),
  )
}

function whatThereIs(names: readonly string[]): string {
  if (names.length === 0) return 'there are none'
  const shown = names.slice(0, MAX_NAMES).map(shorten).join(', ')
  return names.length > MAX_NAMES ? `there are ${shown} and ${names.length - MAX_NAMES} more` : `there are: ${shown}`
}

function shorten(name: string): string {
  return name.length > MAX_NAME_SHOWN ? `${name.slice(0, MAX_NAME_SHOWN)}…` : name
}

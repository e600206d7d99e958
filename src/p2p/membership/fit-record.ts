import type { ModelAdvert, NodeOffer, NodeRecord } from './node-record.ts'
import { isModelAdvert, RECORD_BOUNDS, withoutUnprintable } from './record-schema.ts'

/** What a leaving node still says of itself: enough to know it by, and small, since it is kept for long. */
export function toLeavingRecord(record: NodeRecord): NodeRecord {
  const { lends: _, ...rest } = record.offer
  const offer = { ...rest, models: [], backends: [], serves: false, slots: 0, draining: true }
  return { ...record, sequence: record.sequence + 1, addresses: [], offer, leaving: true }
}

export interface FittedRecord {
  readonly record: NodeRecord
  /** Models that the others will not hear of. */
  readonly modelsLeftOut: number
}

/**
 * Keeps a node's own record within what others accept. Too many models cost first their descriptions, then what else can be
 * done without, and last the models at the end.
 */
export function fitRecord(record: NodeRecord): FittedRecord {
  const { models } = record.offer
  const told = models.map(fitModel).filter(isModelAdvert).slice(0, RECORD_BOUNDS.models)
  const plain: NodeRecord = {
    ...record,
    name: fitText(record.name, RECORD_BOUNDS.nameLength) || 'node',
    addresses: record.addresses
      .filter((address) => address.length <= RECORD_BOUNDS.addressLength)
      .slice(0, RECORD_BOUNDS.addresses),
    offer: fitOffer(record.offer, told),
  }
  for (const make of [withAll, withoutDescription, withEssentials]) {
    const fitted = withModels(plain, told.map(make))
    if (sizeOf(fitted) <= RECORD_BOUNDS.payloadBytes) {
      return { record: fitted, modelsLeftOut: models.length - told.length }
    }
  }
  const essentials = told.map(withEssentials)
  while (essentials.length > 0 && sizeOf(withModels(plain, essentials)) > RECORD_BOUNDS.payloadBytes) {
    essentials.length -= Math.ceil(essentials.length / 16)
  }
  return { record: withModels(plain, essentials), modelsLeftOut: models.length - essentials.length }
}

function fitOffer(offer: NodeOffer, models: readonly ModelAdvert[]): NodeOffer {
  return {
    ...offer,
    version: fitText(offer.version, RECORD_BOUNDS.wordLength),
    group: fitText(offer.group, RECORD_BOUNDS.nameLength),
    device: fitText(offer.device, RECORD_BOUNDS.nameLength),
    backends: offer.backends
      .filter((name) => name !== '' && fitText(name, RECORD_BOUNDS.nameLength) === name)
      .slice(0, RECORD_BOUNDS.backends),
    slots: Math.max(0, Math.round(offer.slots)),
    memoryTotalBytes: Math.max(0, Math.round(offer.memoryTotalBytes)),
    models,
  }
}

function fitModel(model: ModelAdvert): ModelAdvert {
  const capabilities = model.capabilities.slice(0, RECORD_BOUNDS.capabilities)
  if (model.description === undefined) return { ...model, capabilities }
  return { ...model, capabilities, description: fitText(model.description, RECORD_BOUNDS.descriptionLength) }
}

function withAll(model: ModelAdvert): ModelAdvert {
  return model
}

function withoutDescription({ description: _, ...rest }: ModelAdvert): ModelAdvert {
  return rest
}

function withEssentials({ name, loaded, capabilities }: ModelAdvert): ModelAdvert {
  return { name, loaded, capabilities }
}

function withModels(record: NodeRecord, models: readonly ModelAdvert[]): NodeRecord {
  return { ...record, offer: { ...record.offer, models } }
}

function sizeOf(record: NodeRecord): number {
  return Buffer.byteLength(JSON.stringify(record))
}

/** Cut between characters, never inside a surrogate pair. */
function fitText(text: string, maxLength: number): string {
  const printable = withoutUnprintable(text)
  if (printable.length <= maxLength) return printable
  return printable.slice(0, maxLength).replace(/[\ud800-\udbff]$/, '')
}

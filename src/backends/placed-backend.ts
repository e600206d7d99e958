import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import type { ModelConfig } from '../models/model-config.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { ModelPlacement, PlaceModel } from './model-placement.ts'
import type { RunningBackend } from './running-backend.ts'

export interface PlacedBackendDeps {
  readonly log: Pick<Logger, 'warn'>
  /** Absent: every model runs on this machine alone. */
  readonly place: PlaceModel | undefined
  bringUp(placement: ModelPlacement | undefined): Promise<RunningBackend>
}

/** A machine that goes while a model is loaded over it is done without, so often. */
const MOST_TRIES = 3

/** Loads a model where `place` puts it, and once more when that falls away meanwhile. The place is held as long as it runs. */
export async function bringUpPlaced(
  { log, place, bringUp }: PlacedBackendDeps,
  config: ModelConfig,
  options: Required<AbortOptions>,
): Promise<RunningBackend> {
  for (let tries = 1; ; tries += 1) {
    await using held = new AsyncDisposableStack()
    const placement = await place?.(config, options)
    if (placement !== undefined) held.defer(async () => await giveBack(placement, log))
    try {
      const running = await bringUp(placement)
      const kept = held.move()
      return {
        ...running,
        async stop(how) {
          await running.stop(how)
          await kept.disposeAsync()
        },
      }
    } catch (error) {
      if (tries >= MOST_TRIES || !isLostPlace(error)) throw error
      options.signal.throwIfAborted()
      log.warn({ worker: error.details['worker'] }, 'a worker was lost while the model was loaded: placing it again')
    }
  }
}

/** What cannot be given back must keep neither the model in memory nor the reason why it was not loaded. */
async function giveBack(placement: ModelPlacement, log: PlacedBackendDeps['log']): Promise<void> {
  try {
    await placement[Symbol.asyncDispose]()
  } catch (error) {
    log.warn({ err: error }, 'what a model had borrowed could not all be given back')
  }
}

function isLostPlace(error: unknown): error is AppError {
  return error instanceof AppError && error.code === 'backend.died' && error.details['worker'] !== undefined
}

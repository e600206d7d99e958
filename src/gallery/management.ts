import { AppError } from '../base/errors.ts'
import type { AbortOptions } from '../base/signals.ts'
import { checkBackendName } from './backend/backend-folder.ts'
import type { BackendInstaller } from './backend/install-backend.ts'
import { isOwn } from './backend/own-backends.ts'
import { describeUri, looksLikeUri, parseModelUri } from './download/uri.ts'
import type { GivenConfig, PlanOptions } from './finish-plan.ts'
import { parseRepository } from './hub-repository.ts'
import type { ModelInstaller } from './install-model.ts'
import { type JobRequest, type Jobs, jobKey } from './jobs/create-jobs.ts'
import type { Job } from './jobs/job.ts'
import type { ModelRemover } from './remove-model.ts'

export interface ModelRequest extends Omit<PlanOptions, 'overNetwork' | 'signal'> {
  /** `gallery@name`, a name, a URI, or the configuration itself. */
  readonly reference: string | GivenConfig
}

export interface BackendRequest {
  /** `gallery@name` or a name; a URI only where that is allowed. */
  readonly reference: string
  readonly name?: string
  readonly alias?: string
}

/**
 * What may be asked for over the network: each call checks what it can, makes a job of the rest, and gives it back
 * queued. Whatever is wrong with a request is thrown, whatever fails later is the job's error.
 */
export interface Management {
  installModel(request: ModelRequest): Job
  /** Throws `request.not-found` and `request.conflict`. */
  removeModel(name: string): Promise<Job>
  installBackend(request: BackendRequest): Job
  /** Throws `request.not-found`, and `backend.unsupported` for one that cannot be removed. */
  removeBackend(name: string): Promise<Job>
}

export interface ManagementDeps {
  readonly jobs: Pick<Jobs, 'submit'>
  readonly models: Pick<ModelInstaller, 'install'>
  readonly remover: ModelRemover
  readonly backends: Pick<BackendInstaller, 'install' | 'uninstall' | 'list'>
  /** Lets the models that run on a backend go before it is removed. */
  readonly releaseBackend: (name: string, options: AbortOptions) => Promise<void>
  /** Called when other backends are installed than before. */
  readonly backendsChanged: () => Promise<void>
}

export interface ManagementInit {
  /** Whether backends may come from any address; asked each time. */
  readonly allowBackendUris: () => boolean
}

export function createManagement(deps: ManagementDeps, init: ManagementInit): Management {
  const { jobs, models, remover, backends } = deps

  function installModel({ reference, ...options }: ModelRequest): Job {
    const subject = typeof reference === 'string' ? describeReference(reference) : describeGiven(reference, options)
    const work: JobRequest['work'] = async ({ signal, onStep }) => {
      await models.install(reference, { ...options, overNetwork: true, signal, onProgress: onStep })
    }
    return jobs.submit({ kind: 'model', action: 'install', subject, key: jobKey(options.name ?? subject), work })
  }

  function installBackend({ reference, ...names }: BackendRequest): Job {
    const uri = looksLikeUri(reference) || /[/\\]/.test(reference)
    if (uri && !init.allowBackendUris()) {
      throw new AppError(
        'request.forbidden',
        'a backend is a program: this node installs those of its galleries only, unless it is started with --allow-backend-uris',
      )
    }
    for (const name of [names.name, names.alias]) if (name !== undefined) checkName(name)
    const subject = describeReference(reference)
    const work: JobRequest['work'] = async ({ signal, onStep }) => {
      await backends.install(reference, {
        ...names,
        overNetwork: true,
        signal,
        onProgress: ({ what, current, total, unit }) =>
          onStep({
            file: what,
            receivedBytes: current,
            ...(total === undefined ? {} : { totalBytes: total }),
            ...(unit === 'bytes' ? {} : { unit: 'steps' }),
          }),
      })
      await deps.backendsChanged()
    }
    return jobs.submit({ kind: 'backend', action: 'install', subject, key: jobKey(names.name ?? subject), work })
  }

  return {
    installModel,
    installBackend,
    async removeModel(name) {
      await remover.check(name)
      const work: JobRequest['work'] = async ({ signal }) => await remover.remove(name, { signal })
      return jobs.submit({ kind: 'model', action: 'delete', subject: name, key: jobKey(name), work })
    },
    async removeBackend(asked) {
      const name = asked.slice(asked.indexOf('@') + 1)
      const found = (await backends.list()).find((backend) => backend.name === name)
      if (found?.installed !== true) {
        throw new AppError('request.not-found', `backend "${name.slice(0, 100)}" is not installed`)
      }
      if (found.builtIn) throw new AppError('backend.unsupported', `system backend "${name}" cannot be deleted`)
      const work: JobRequest['work'] = async ({ signal }) => {
        if (!isOwn(name)) await deps.releaseBackend(name, { signal })
        await backends.uninstall(name, { signal })
        await deps.backendsChanged()
      }
      return jobs.submit({ kind: 'backend', action: 'delete', subject: name, key: jobKey(name), work })
    },
  }
}

/** What may be shown of a reference: no query, where signed addresses have their secrets. Throws for what is none. */
function describeReference(reference: string): string {
  const text = reference.trim()
  if (text === '') throw new AppError('request.invalid', 'no name and no address is given')
  if (!looksLikeUri(text) || parseRepository(text) !== undefined) return text
  return describeUri(parseModelUri(text))
}

function describeGiven({ config }: GivenConfig, { name = config['name'] }: { readonly name?: unknown }): string {
  if (typeof name === 'string' && name.trim() !== '') return name
  throw new AppError('request.invalid', 'Name is required')
}

function checkName(name: string): void {
  try {
    checkBackendName(name)
  } catch (error) {
    throw new AppError('request.invalid', AppError.from(error, 'request.invalid').message, { cause: error })
  }
}

import type { BackendGallery } from '../../gallery/backend/backend-entry.ts'
import type { BackendInstaller } from '../../gallery/backend/install-backend.ts'
import type { Catalog } from '../../gallery/catalog.ts'
import type { ConfigEditor } from '../../gallery/config-editor.ts'
import type { ModelInstaller } from '../../gallery/install-model.ts'
import type { Jobs } from '../../gallery/jobs/create-jobs.ts'
import type { Management } from '../../gallery/management.ts'
import type { ModelRegistry } from '../../models/model-registry.ts'
import type { ErrorShape } from '../error-shape.ts'

/** Everything that manages models and backends of this node over HTTP. */
export interface ManagementDeps {
  readonly management: Management
  readonly jobs: Pick<Jobs, 'find' | 'list' | 'cancel' | 'dismiss'>
  readonly editor: ConfigEditor
  readonly models: Pick<ModelInstaller, 'list'>
  readonly catalog: Pick<Catalog, 'galleries' | 'find'>
  readonly backends: Pick<BackendInstaller, 'list'>
  readonly backendCatalog: Pick<BackendGallery, 'galleries'>
  readonly registry: Pick<ModelRegistry, 'find' | 'list'>
}

/** Every path of a management route in both of its spellings. */
export function versioned(url: string): readonly string[] {
  return [url, `/v1${url}`]
}

/** Errors of importing, editing and reloading. */
export const failureShape: ErrorShape = ({ message }) => ({ success: false, error: message })

/** Errors of the routes that the web interface uses. */
export const plainShape: ErrorShape = ({ message }) => ({ error: message })

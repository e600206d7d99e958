import type { AbortOptions } from '../base/signals.ts'
import type { Values } from '../config/setting.ts'
import type { imageSettings } from '../config/tool-settings.ts'
import { type WrittenImage, writeOciImage } from '../gallery/oci/write-oci-image.ts'

/** `util create-oci-image`. */
export async function createOciImage(
  inputs: readonly string[],
  settings: Values<typeof imageSettings>,
  options: AbortOptions = {},
): Promise<WrittenImage> {
  return await writeOciImage({ inputs, ...settings }, options)
}

import { formatBytes } from '../../../base/format-bytes.ts'
import { imageSettings } from '../../../config/tool-settings.ts'
import type { CommandDefinition } from '../../program.ts'
import { whileWorking } from '../../while-working.ts'

export const createOciImageCommand: CommandDefinition<typeof imageSettings> = {
  name: 'create-oci-image',
  argument: '<INPUT...>',
  argumentHelp: 'files and folders, each under its own name in the image; FOLDER/. puts its content at the root',
  argumentCompletes: 'path',
  summary: 'Put files into an OCI image of one layer, written as an archive',
  settings: imageSettings,
  examples: [
    ['local-ai util create-oci-image model.yaml model.gguf --image-name my/model:v1', 'a model, into image.tar'],
    ['local-ai util create-oci-image ./backend/. --output backend.tar', 'a backend with its run.sh at the root'],
  ],
  async run({ settings, arguments: inputs }) {
    const { createOciImage } = await import('../../../compose/oci-image.ts')
    const image = await whileWorking('writing the image', (options) => createOciImage(inputs, settings, options))
    process.stdout.write(`${image.output}  ${formatBytes(image.sizeBytes)}  ${image.digest}\n`)
  },
}

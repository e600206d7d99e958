import { toCommand, toGroup } from '../../program.ts'
import { createOciImageCommand } from './create-oci-image.ts'
import { ggufInfoCommand } from './gguf-info.ts'
import { hfScanCommand } from './hf-scan.ts'
import { usecaseHeuristicCommand } from './usecase-heuristic.ts'

export const utilCommand = toGroup({
  name: 'util',
  summary: 'Tools around models: look into a file, guess what it can do, ask for scan results, make an image',
  commands: [
    toCommand(ggufInfoCommand),
    toCommand(createOciImageCommand),
    toCommand(hfScanCommand),
    toCommand(usecaseHeuristicCommand),
  ],
})

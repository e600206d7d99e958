import { backendsFor, type UseCase } from '../../models/use-cases.ts'

const CAN: Readonly<Record<UseCase, string>> = {
  chat: 'chat',
  completion: 'complete text',
  edit: 'edit text',
  embeddings: 'embed text',
  tokenize: 'tokenize text',
  rerank: 'rank documents',
  image: 'make images',
  video: 'make videos',
  tts: 'speak',
  sound_generation: 'make sounds',
  transcript: 'transcribe speech',
  vad: 'find speech',
  detection: 'detect objects',
}

/** `make images`: what a model of the use case can do. */
export function abilityOf(useCase: UseCase): string {
  return CAN[useCase]
}

/** What to do when nothing here can: a sentence that names the backends, or nothing for what needs none. */
export function installHint(useCase: UseCase): string {
  const [first, ...others] = backendsFor(useCase)
  if (first === undefined) return ''
  const also = others.length === 0 ? '' : ` (also: ${others.join(', ')})`
  return `install a backend that can ${abilityOf(useCase)}, "local-ai backends install ${first}"${also}, and a model for it`
}

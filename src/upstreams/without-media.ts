import type { MediaClient } from '../backends/media-client.ts'
import { AppError } from '../base/errors.ts'

/** The calls that no attached server is asked for: each fails with `backend.unsupported`. */
export function withoutMedia(name: string): MediaClient {
  const refuse = async (): Promise<never> => {
    throw new AppError(
      'backend.unsupported',
      `model "${name}" runs on an attached server, which is asked for texts only`,
    )
  }
  // biome-ignore lint/correctness/useYield: it fails at the first pull, as a backend that cannot do it does.
  async function* refuseStream(): AsyncGenerator<never, void> {
    await refuse()
  }
  return {
    generateImage: refuse,
    generateVideo: refuse,
    speak: refuse,
    speakStream: refuseStream,
    makeSound: refuse,
    transcribe: refuse,
    transcribeStream: refuseStream,
    detectSpeech: refuse,
    detectObjects: refuse,
    storesSet: refuse,
    storesDelete: refuse,
    storesGet: refuse,
    storesFind: refuse,
  }
}

/** Names that LocalAI accepts for a backend of another name. */
const BACKEND_ALIASES: ReadonlyMap<string, string> = new Map([
  ['go-llama', 'llama-cpp'],
  ['llama', 'llama-cpp'],
  ['embedded-store', 'local-store'],
  ['huggingface-embeddings', 'transformers'],
  ['sentencetransformers', 'transformers'],
  ['mamba', 'transformers'],
  ['transformers-musicgen', 'transformers'],
  ['stablediffusion', 'stablediffusion-ggml'],
  ['ik_llama', 'ik-llama-cpp'],
  ['ik-llama', 'ik-llama-cpp'],
])

/** The backend that a configuration means, in lower case. */
export function backendName(written: string): string {
  const name = written.toLowerCase()
  return BACKEND_ALIASES.get(name) ?? name
}

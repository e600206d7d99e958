// A process with node-llama-cpp in it, as a backend has it. Prints one JSON line for each thing that happened; with
// KEEP_GOING it generates until it is ended.
import { getLlama, LlamaCompletion, LlamaLogLevel } from 'node-llama-cpp'

const { MODEL = '', GPU_LAYERS = '0', KEEP_GOING } = process.env
const tell = (fact: object): void => void process.stdout.write(`${JSON.stringify(fact)}\n`)
const places: Record<string, number> = {}
const llama = await getLlama({
  gpu: false,
  build: 'never',
  maxThreads: 1,
  logLevel: LlamaLogLevel.debug,
  logger: (_level, message) => {
    const device = /^load_tensors: layer +\d+ assigned to device (\w+)/.exec(message)?.[1]
    if (device !== undefined) places[device] = (places[device] ?? 0) + 1
  },
})
tell({ devices: await llama.getGpuDeviceNames() })
const layers = GPU_LAYERS === 'max' ? 'max' : Number(GPU_LAYERS)
const model = await llama.loadModel({ modelPath: MODEL, gpuLayers: layers, ignoreMemorySafetyChecks: true })
const context = await model.createContext({ contextSize: 512, sequences: 1, threads: 1 })
const completion = new LlamaCompletion({ contextSequence: context.getSequence() })
tell({ places })
do {
  const text = await completion.generateCompletion('The quick brown fox', { maxTokens: 24, temperature: 0 })
  tell({ text })
} while (KEEP_GOING !== undefined)
await context.dispose()
await model.dispose()
await llama.dispose()

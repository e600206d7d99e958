import { loadNodeLlamaCpp } from '../../src/builtin/llama-cpp/node-llama-cpp/load-node-llama-cpp.ts'
import { llamaEngineCompliance } from './llama-engine.ts'

llamaEngineCompliance('node-llama-cpp', { load: loadNodeLlamaCpp, isolated: false })

import type { JsonObject } from '../base/json.ts'

/** A JSON schema (draft 2020-12, the subset that can be written as a context-free grammar). */
export type JsonSchema = JsonObject

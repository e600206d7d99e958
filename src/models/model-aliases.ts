import type { ModelConfig } from './model-config.ts'

/** A configuration that is only another name for a model. */
export interface ModelAlias {
  readonly name: string
  readonly target: string
  /** File name, for warnings. */
  readonly file: string
  /** Unix seconds. */
  readonly created: number
}

export interface ResolvedAlias extends ModelAlias {
  readonly config: ModelConfig
}

const LONGEST_CHAIN = 8

/** Finds the model behind each alias; an alias may point to another one. Pure. */
export function resolveAliases(
  aliases: ReadonlyMap<string, ModelAlias>,
  models: ReadonlyMap<string, ModelConfig>,
): { readonly resolved: readonly ResolvedAlias[]; readonly problems: readonly { file: string; reason: string }[] } {
  const resolved: ResolvedAlias[] = []
  const problems: { file: string; reason: string }[] = []
  for (const alias of aliases.values()) {
    const found = follow(alias, aliases, models)
    if (typeof found === 'string') problems.push({ file: alias.file, reason: found })
    else resolved.push({ ...alias, config: found })
  }
  return { resolved, problems }
}

/** The model, or what keeps the alias from having one. */
function follow(
  alias: ModelAlias,
  aliases: ReadonlyMap<string, ModelAlias>,
  models: ReadonlyMap<string, ModelConfig>,
): ModelConfig | string {
  let target = alias.target
  for (let step = 0; step < LONGEST_CHAIN; step++) {
    const next = aliases.get(target)
    if (next === undefined) {
      return models.get(target) ?? `the alias "${alias.name}" points to "${target}", and there is no such model`
    }
    target = next.target
  }
  return `the alias "${alias.name}" leads round in a circle, or over more than ${LONGEST_CHAIN} others`
}

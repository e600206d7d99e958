type TextValue = string | number | boolean

/** A switch as it may be written in YAML. */
export function isOn(value: boolean | string | undefined): boolean | undefined {
  return typeof value === 'string' ? ['yes', 'on'].includes(value.toLowerCase()) : value
}

/** An empty text counts as not said. */
export function text(value: TextValue | undefined): string | undefined {
  return value === undefined || value === '' ? undefined : String(value)
}

export function texts(values: readonly TextValue[] | undefined): readonly string[] {
  return (values ?? []).map(String)
}

/** The key with its value, or nothing. */
export function given<Key extends string, Value>(key: Key, value: Value | undefined): { readonly [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [K in Key]: Value })
}

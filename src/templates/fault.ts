import { AppError } from '../base/errors.ts'

/** What is wrong with a template or with what it does, and where in the source, once that is known. */
export class TemplateFault extends Error {
  override readonly name = 'TemplateFault'
  /** The first character is 0. */
  readonly offset: number | undefined

  constructor(message: string, offset?: number) {
    super(message)
    this.offset = offset
  }
}

/** The error of this room: names the template, the line and the column (both from 1). */
export function templateError(fault: TemplateFault, template: { readonly name: string; readonly source: string }) {
  const before = template.source.slice(0, fault.offset ?? 0).split('\n')
  const place = `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`
  return new AppError('model.config-invalid', `template ${template.name}:${place}: ${fault.message}`, { cause: fault })
}

/** Runs a step of the template; a fault without a place gets this one. */
export function placed<T>(offset: number, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (error instanceof TemplateFault && error.offset === undefined) throw new TemplateFault(error.message, offset)
    throw error
  }
}

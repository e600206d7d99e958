import { paint } from './terminal.ts'

/** Printed at a start with accounts and without an admin. */
export function printSetupCode({ code, file }: { readonly code: string; readonly file: string }): void {
  process.stdout.write(
    [
      paint('bold', 'There is no admin yet. On this machine, with the same --data-path:'),
      '',
      '  local-ai users create --admin NAME',
      '',
      paint('bold', `Or from elsewhere, within a day, once, with this code (it is in ${file} too):`),
      '',
      code,
      '',
      '  POST /api/auth/setup {"code": "…", "name": "…", "password": "…"}',
      '',
    ].join('\n'),
  )
}

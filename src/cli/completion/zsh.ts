import type { CompletedCommand, CompletedFlag, Offer } from './completed-command.ts'

/** The completion script for zsh: works sourced after compinit, and as the file `_local-ai` in a folder of $fpath. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  return `#compdef local-ai
# Completion of local-ai for zsh, made by "local-ai completion zsh".

__local_ai_names() {
  local -a names
  names=(\${(f)"$("\${__local_ai_program}" __complete $1 2>/dev/null </dev/null)"})
  compadd -a names
}

${commands.map((command) => (command.commands.length > 0 ? groupFunction(command) : commandFunction(command))).join('\n\n')}

if [[ $funcstack[1] == _local-ai ]]; then
  _local_ai "$@"
else
  compdef _local_ai local-ai
fi
`
}

function commandFunction(command: CompletedCommand): string {
  const specs = [...command.flags.map(flagSpec), ...argumentSpecs(command)]
  return `${functionName(command.path)}() {
  _arguments -s -S${specs.map((spec) => ` \\\n    ${spec}`).join('')}
}`
}

function groupFunction(command: CompletedCommand): string {
  const { path, commands, fallback, flags } = command
  const cases = commands.map(({ name }) => `        ${name}) ${functionName([...path, name])} && found=0 ;;`)
  if (fallback !== undefined) cases.push(`        *) ${functionName([...path, fallback])} && found=0 ;;`)
  const program = path.length === 0 ? `\n  local __local_ai_program=\${words[1]/#\\~/$HOME}` : ''
  return `${functionName(path)}() {
  local curcontext=$curcontext state line found=1
  local -A opt_args
  local -a commands${program}
  commands=(
${commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`).join('\n')}
  )
  _arguments -C -s -S -A '-*'${flags.map((flag) => ` \\\n    ${flagSpec(flag)}`).join('')} \\
    '1: :->command' \\
    '*:: :->rest' && found=0
  case $state in
    command) _describe -t commands command commands && found=0 ;;
    rest)
      case $line[1] in
${cases.join('\n')}
      esac
      ;;
  esac
  return found
}`
}

function functionName(path: readonly string[]): string {
  return ['_local_ai', ...path].join('_').replaceAll('-', '_')
}

/** `'(-t --threads)'{-t+,--threads=}'[help]:value:'`, as _arguments reads it. */
function flagSpec({ long, short, help, value, repeats }: CompletedFlag): string {
  const action = value === undefined ? '' : `:${long.slice(2)}:${actionOf(value)}`
  const rest = quoted(`[${help.replaceAll(/[\\[\]]/g, '\\$&')}]${action}`)
  const suffix = value === undefined ? '' : '='
  if (short === undefined) return `${repeats ? "'*'" : ''}${long}${suffix}${rest}`
  const exclusive = repeats ? "'*'" : `'(${short} ${long})'`
  return `${exclusive}{${short}${value === undefined ? '' : '+'},${long}${suffix}}${rest}`
}

function argumentSpecs({ arguments: offers, lastArgumentRepeats }: CompletedCommand): readonly string[] {
  return offers.map((offer, index) => {
    const place = lastArgumentRepeats && index === offers.length - 1 ? '*' : String(index + 1)
    // A message instead of `false` would be shown in place of the flags that fit.
    return quoted(`${place}:argument:${offer.kind === 'any' ? ' false' : actionOf(offer)}`)
  })
}

function actionOf(offer: Offer): string {
  switch (offer.kind) {
    case 'words':
      return `(${offer.words.join(' ')})`
    case 'path':
      return '_files'
    case 'names':
      // The blank in front keeps _arguments from passing options of compadd.
      return ` __local_ai_names ${offer.of}`
    case 'any':
      return ' '
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

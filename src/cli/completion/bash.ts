import { type CompletedCommand, type Offer, valuePatterns } from './completed-command.ts'

/**
 * The completion script for bash 3.2 and later; it needs nothing but bash. A list of names never goes through
 * `compgen -W`, which would expand a name such as `$(…)` that somebody's gallery brought.
 */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  return `# Completion of local-ai for bash, made by "local-ai completion bash".

# What follows a flag of a command: "words A B", "path", "names KIND" or "any". Fails for a flag without a value.
_local_ai_value() {
  case "$1:$2" in
${valueCases(commands).join('\n')}
    *) return 1 ;;
  esac
}

_local_ai_flags() {
  case "$1" in
${commands.map((command) => `    ${pattern(command)}) REPLY='${flagWords(command).join(' ')}' ;;`).join('\n')}
    *) REPLY='' ;;
  esac
}

_local_ai_commands() {
  case "$1" in
${commands
  .filter(({ commands: below }) => below.length > 0)
  .map((command) => `    ${pattern(command)}) REPLY='${command.commands.map(({ name }) => name).join(' ')}' ;;`)
  .join('\n')}
    *) REPLY='' ;;
  esac
}

# What the argument with this number may be.
_local_ai_argument() {
  case "$1:$2" in
${commands.flatMap(argumentCases).join('\n')}
    *) REPLY=any ;;
  esac
}

_local_ai_keep() {
  local line
  while IFS= read -r line; do
    if [[ -n $line && $line == "$1"* ]]; then COMPREPLY+=("$2$line"); fi
  done
}

# Arguments: what may be offered, the word so far, what stands before it in the same word, the program.
_local_ai_offer() {
  case "$1" in
    words\\ *) _local_ai_keep "$2" "$3" < <(printf '%s\\n' \${1#words }) ;;
    names\\ *) _local_ai_keep "$2" "$3" < <("$4" __complete "\${1#names }" 2>/dev/null </dev/null) ;;
    path)
      compopt -o filenames 2>/dev/null
      _local_ai_keep '' "$3" < <(compgen -f -- "$2")
      ;;
  esac
}

_local_ai_completions() {
  local REPLY path='' flag='' given=0 only_arguments='' word i
  local cur=\${COMP_WORDS[COMP_CWORD]} program=\${COMP_WORDS[0]}
  program=\${program/#\\~/$HOME}
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -n $flag ]]; then
      # bash takes --flag=value apart.
      if [[ $word != = ]]; then flag=''; fi
      continue
    fi
    if [[ -z $only_arguments ]]; then
      case "$word" in
        --) only_arguments=1; continue ;;
        =) flag='='; continue ;;
        -*=*) continue ;;
        -*) if _local_ai_value "$path" "$word"; then flag=$word; fi; continue ;;
      esac
      _local_ai_commands "$path"
      if ((given == 0)) && [[ " $REPLY " == *" $word "* ]]; then
        path=\${path:+$path }$word
        continue
      fi
    fi
    given=$((given + 1))
  done
  if [[ $cur == = && -z $only_arguments ]]; then
    cur=''
    if [[ -z $flag ]]; then flag='='; fi
  fi
  if [[ $flag == = ]]; then
    _local_ai_offer 'words true false' "$cur" '' "$program"
  elif [[ -n $flag ]]; then
    _local_ai_value "$path" "$flag" && _local_ai_offer "$REPLY" "$cur" '' "$program"
  elif [[ -z $only_arguments && $cur == -*=* ]]; then
    _local_ai_value "$path" "\${cur%%=*}" && _local_ai_offer "$REPLY" "\${cur#*=}" "\${cur%%=*}=" "$program"
  elif [[ -z $only_arguments && $cur == -* ]]; then
    _local_ai_flags "$path"
    _local_ai_offer "words $REPLY" "$cur" '' "$program"
  else
    _local_ai_commands "$path"
    if ((given == 0)) && [[ -z $only_arguments ]]; then _local_ai_offer "words $REPLY" "$cur" '' "$program"; fi
    if [[ -z $REPLY || -n $cur ]] && ((\${#COMPREPLY[@]} == 0)); then
      _local_ai_argument "$path" "$given"
      _local_ai_offer "$REPLY" "$cur" '' "$program"
    fi
  fi
}

complete -F _local_ai_completions local-ai
`
}

function pattern({ path }: CompletedCommand): string {
  return `'${path.join(' ')}'`
}

function flagWords({ flags }: CompletedCommand): readonly string[] {
  return flags.flatMap(({ long, short }) => (short === undefined ? [long] : [long, short]))
}

function offerText(offer: Offer): string {
  switch (offer.kind) {
    case 'words':
      return `words ${offer.words.join(' ')}`
    case 'names':
      return `names ${offer.of}`
    default:
      return offer.kind
  }
}

function valueCases(commands: readonly CompletedCommand[]): readonly string[] {
  return valuePatterns(commands, offerText).map(
    ([offer, patterns]) => `    ${patterns.join(' | ')}) REPLY='${offer}' ;;`,
  )
}

function argumentCases(command: CompletedCommand): readonly string[] {
  const { arguments: offers, lastArgumentRepeats } = command
  return offers.map((offer, index) => {
    const number = lastArgumentRepeats && index === offers.length - 1 ? '*' : String(index)
    return `    ${pattern(command)}:${number}) REPLY='${offerText(offer)}' ;;`
  })
}

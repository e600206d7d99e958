import { type CompletedCommand, type CompletedFlag, type Offer, valuePatterns } from './completed-command.ts'

/** The completion script for fish 3 and later. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const [program] = commands
  const global = (program?.flags ?? []).filter((flag) => flag.global)
  return `# Completion of local-ai for fish, made by "local-ai completion fish".

# Whether the words so far name this command: the condition of all lines below.
function __local_ai_at
    set -l path
    set -l skip
    set -l only_arguments
    set -l words (commandline -opc)
    for word in $words[2..-1]
        if set -q skip[1]
            set -e skip
            continue
        end
        if not set -q only_arguments[1]
            switch $word
                case --
                    set only_arguments 1
                    continue
                case '-*=*'
                    continue
                case '-*'
                    switch "$path:$word"
                        case ${valuePatterns(commands, () => '')
                          .flatMap(([, patterns]) => patterns)
                          .map(fishPattern)
                          .join(' ')}
                            set skip 1
                    end
                    continue
            end
        end
        switch "$path:$word"
${commands.flatMap(wordCases).join('\n')}
        end
    end
    test "$path" = "$argv"
end

complete -c local-ai -f
${global.map((flag) => `complete -c local-ai${flagWords(flag)}`).join('\n')}
${commands.flatMap(linesOf).join('\n')}
`
}

function linesOf(command: CompletedCommand): readonly string[] {
  const at = `complete -c local-ai -n ${quoted(['__local_ai_at', ...command.path].join(' '))}`
  return [
    ...command.commands.map(({ name, summary }) => `${at} -a ${name} -d ${quoted(summary)}`),
    ...command.flags.filter(({ global }) => !global).map((flag) => `${at}${flagWords(flag)}`),
    ...command.arguments.slice(0, 1).flatMap((offer) => argumentLine(command, at, offer)),
  ]
}

/** A group that has commands to offer does not offer the arguments of its default as well. */
function argumentLine(command: CompletedCommand, at: string, offer: Offer): readonly string[] {
  return command.commands.length > 0 || offer.kind === 'any' ? [] : [`${at}${offerWords(offer)}`]
}

function flagWords({ long, short, help, value }: CompletedFlag): string {
  const spelling = ` -l ${long.slice(2)}${short === undefined ? '' : ` -s ${short.slice(1)}`}`
  const required = value === undefined ? '' : ` -r${offerWords(value)}`
  return `${spelling}${required} -d ${quoted(help)}`
}

function offerWords(offer: Offer): string {
  switch (offer.kind) {
    case 'words':
      return ` -f -a ${quoted(offer.words.join(' '))}`
    case 'path':
      return ' -F'
    case 'names':
      return ` -f -a ${quoted(`(local-ai __complete ${offer.of} 2>/dev/null </dev/null)`)}`
    case 'any':
      return ' -f'
  }
}

function fishPattern(pattern: string): string {
  return quoted(pattern.replaceAll("'", ''))
}

/** Where a word leads: to the command that it names, or to the group's default. */
function wordCases({ path, commands, fallback }: CompletedCommand): readonly string[] {
  const here = path.join(' ')
  const lead = (pattern: string, name: string): string =>
    `            case ${quoted(`${here}:${pattern}`)}\n                set path ${quoted([...path, name].join(' '))}`
  return [...commands.map(({ name }) => lead(name, name)), ...(fallback === undefined ? [] : [lead('*', fallback)])]
}

function quoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`
}

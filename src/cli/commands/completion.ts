import { completedCommands } from '../completion/completed-command.ts'
import { toPrinter } from '../program.ts'

const NOTES = `Install it:
  bash, in ~/.bashrc:      source <(local-ai completion bash)
    or for everybody:      local-ai completion bash > /etc/bash_completion.d/local-ai
  zsh, in ~/.zshrc:        source <(local-ai completion zsh)
    after this line:       autoload -Uz compinit && compinit
    or in $fpath:          local-ai completion zsh > "\${fpath[1]}/_local-ai"
  fish, in config.fish:    local-ai completion fish | source
    or once:               local-ai completion fish > ~/.config/fish/completions/local-ai.fish`

export const completionCommand = toPrinter({
  name: 'completion',
  argument: '<SHELL>',
  argumentHelp: 'bash, zsh or fish',
  argumentChoices: ['bash', 'zsh', 'fish'],
  summary: 'Print the script that lets a shell complete commands, flags and their values',
  notes: NOTES,
  examples: [
    ['source <(local-ai completion bash)', 'in this shell, now'],
    ['local-ai completion fish | source', 'the same for fish'],
  ],
  async print([shell], program) {
    const commands = completedCommands(program)
    process.stdout.write(await render(shell, commands))
  },
})

async function render(shell: string | undefined, commands: ReturnType<typeof completedCommands>): Promise<string> {
  if (shell === 'zsh') return (await import('../completion/zsh.ts')).zshCompletion(commands)
  if (shell === 'fish') return (await import('../completion/fish.ts')).fishCompletion(commands)
  return (await import('../completion/bash.ts')).bashCompletion(commands)
}

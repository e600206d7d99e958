import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { MAIN } from '../support/local-ai.ts'
import { isInstalled, typeInto } from '../support/typing.ts'

/** What is typed behind `local-ai `, a tab after each `|`, and the words that the program must get. */
const TYPED: readonly (readonly [typed: string, words: string])[] = [
  ['feder|', 'federated'],
  ['federated --targ|', 'federated --target-worker'],
  ['models ins| x', 'models install x'],
  ['models install --gall|', 'models install --galleries'],
  ['completion z|', 'completion zsh'],
  ['--thr| 3', '--threads 3'],
  ['run --log-level de|', 'run --log-level debug'],
  ['run --log-level=de|', 'run --log-level=debug'],
  ['--log-level debug mod|', '--log-level debug models'],
  ['run --models-path fol|x', 'run --models-path folder/x'],
  ['run -t 4 --machi|', 'run -t 4 --machine-tag'],
  ['run --p2p-token x --machi|', 'run --p2p-token x --machine-tag'],
  ['run gallery-m|', 'run gallery-model-installed'],
]

describe('completion', () => {
  let folder: string
  const script = (shell: string): string => join(folder, `completion.${shell}`)

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'local-ai-completion-'))
    mkdirSync(join(folder, 'folder'))
    for (const shell of ['bash', 'zsh', 'fish']) {
      writeFileSync(script(shell), execFileSync(process.execPath, [MAIN, 'completion', shell]))
    }
    // Prints the words it gets. Among the names it offers is one that must never be run.
    const program = `local-ai() {
  if [ "$1" = __complete ]; then echo '$(touch run)'; echo "$2-installed"; else echo "GOT<$*>"; fi
}
PS1='> '
cd '${folder}'
`
    writeFileSync(join(folder, 'bashrc'), `${program}. '${script('bash')}'\nlocal-ai\n`)
    const compinit = `autoload -Uz compinit && compinit -u -d '${folder}/zcompdump'`
    writeFileSync(join(folder, '.zshrc'), `${program}${compinit}\n. '${script('zsh')}'\nlocal-ai\n`)
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const shells = {
    bash: () => `bash --noprofile --rcfile '${join(folder, 'bashrc')}' -i`,
    zsh: () => 'zsh -i',
  }
  for (const [name, command] of Object.entries(shells)) {
    const missing = [name, 'script'].find((program) => !isInstalled(program))
    it(`[CLI-COMPLETION-${name.toUpperCase()}] completes what is typed into ${name}`, {
      skip: missing === undefined ? false : `${missing} is not installed`,
    }, async () => {
      const lines = TYPED.map(([typed]) => `local-ai ${typed.replaceAll('|', '\t')}`)
      const said = await typeInto(
        { command: command(), environment: { ZDOTDIR: folder }, marker: /GOT<([^>]*)>/ },
        lines,
      )
      assert.deepEqual(
        said.map((words) => words.trim()),
        TYPED.map(([, words]) => words),
      )
    })
  }

  it('[CLI-COMPLETION-FISH] completes what is typed into fish', {
    skip: isInstalled('fish') ? false : 'fish is not installed',
  }, () => {
    const lines = TYPED.map(([typed]) => `complete -C 'local-ai ${typed.split('|')[0]}' | head -1`)
    const setup = [`cd '${folder}'`, `source '${script('fish')}'`, FISH_PROGRAM]
    const printed = execFileSync(
      'fish',
      ['--no-config', '-c', [...setup, ...lines.map((line) => `${line}; echo END`)].join('\n')],
      {
        encoding: 'utf8',
      },
    )
    const offered = printed.split('END\n').map((line) => line.split('\t')[0]?.trim())
    for (const [index, [typed]] of TYPED.entries()) {
      const stem = typed.split('|')[0] ?? ''
      const full = `${stem.split(' ').slice(0, -1).join(' ')} ${offered[index]}`.trim()
      assert.ok(TYPED[index]?.[1].startsWith(full) && full.length > stem.length, `${typed}: ${full}`)
    }
  })

  it('[CLI-COMPLETION-NAMES] runs no name that a gallery brought', () =>
    assert.equal(existsSync(join(folder, 'run')), false))

  it('[CLI-COMPLETION-NAMES] the program tells the names that a shell asks for', () => {
    const names = execFileSync(process.execPath, [MAIN, '__complete', 'gallery-model'], {
      cwd: folder,
      encoding: 'utf8',
    })
    assert.ok(names.split('\n').includes('smollm2-135m-instruct'), names)
    assert.equal(existsSync(join(folder, 'models')), false, 'asking makes no folder')
  })
})

const FISH_PROGRAM = `function local-ai
  echo '$(touch run)'
  echo $argv[2]-installed
end`

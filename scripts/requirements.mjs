// `node scripts/requirements.mjs`: docs/reference/requirements.md and errors.md from test/requirements/*.json and the
// names of the tests, and the short table in README.md. `--check`: fails when a requirement has neither a test nor a gap
// that docs/status.md explains, when a test names a requirement that is not listed, and when a document is out of date.
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../', import.meta.url))
const read = (path) => readFileSync(join(root, path), 'utf8')
const readJson = (path) => JSON.parse(read(path))

/** Statements of LocalAI's reference, then what goes beyond it. */
const reference = readJson('test/requirements/localai.json')
const own = Object.entries(readJson('test/requirements/own.json')).map(([id, says]) => ({ id, says }))
const requirements = [...reference, ...own]

const ID = '(?:ERR|API|AUTH|CLI|SYS)-[\\w-]+'
/** At the start of a name, several behind each other; or the first word of a row from which names are made. */
const WHOLE = new RegExp(`\\[(${ID})\\]|['"\`](${ID})(?=[ '"\`])`, 'g')
/** The start of a name that is made from something else, such as `[CLI-FLAG-${flag}]`. */
const MADE = new RegExp(`\\[(${ID}-)\\$\\{`, 'g')

const tests = globSync('test/{unit,compliance,integration,e2e}/**/*.test.ts', { cwd: root })
  .sort()
  .map((path) => {
    const text = read(path)
    const fixtures = [...text.matchAll(/fixtures\/([\w-]+\.json)/g)].map(([, name]) => read(`test/fixtures/${name}`))
    return {
      path,
      ids: new Set([...text.matchAll(WHOLE)].map((match) => match[1] ?? match[2])),
      starts: [...new Set([...text.matchAll(MADE)].map(([, start]) => start))],
      words: [text, ...fixtures].join('\n'),
    }
  })

/** The file of a test whose name has the id; a name that is made has it when the file, or its fixture, has its end in quotes. */
function proofOf(id) {
  return tests.find(({ ids, starts, words }) => {
    const ends = starts.filter((start) => id.startsWith(start)).map((start) => id.slice(start.length))
    return ids.has(id) || ends.some((end) => new RegExp(`['"](?:--)?(?:${end}|${end.toLowerCase()})['"]`).test(words))
  })?.path
}

/** First cells of the rows of a part of docs/status.md. */
function gapsInStatus() {
  const part = read('docs/status.md')
    .split('\n## ')
    .find((text) => text.startsWith('Does not work yet'))
  return new Set([...(part ?? '').matchAll(/^\| (.+?) \|/gm)].map(([, cell]) => cell))
}

function problems() {
  const gaps = gapsInStatus()
  const ids = requirements.map(({ id }) => id)
  const known = new Set(ids)
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} is listed twice`),
    ...requirements.flatMap(({ id, gap }) => {
      if (gap === undefined) return proofOf(id) === undefined ? [`${id}: no test has it in its name`] : []
      const proof = tests.find(({ ids: named }) => named.has(id))?.path
      if (proof !== undefined) return [`${id} is no gap any more: ${proof}`]
      return gaps.has(gap) ? [] : [`${id}: docs/status.md has no row "${gap}"`]
    }),
    ...tests.flatMap(({ path, ids: named }) =>
      [...named]
        .filter((id) => !known.has(id))
        .map((id) => `${path} names ${id}, which test/requirements does not list`),
    ),
  ]
}

const MADE_BY =
  'Made from `test/requirements` and the names of the tests by `node scripts/requirements.mjs`; do not edit it.'

function table(head, rows) {
  const lines = [head, head.map(() => '---'), ...rows]
  return `${lines.map((cells) => `| ${cells.map((text) => String(text).replaceAll('|', '\\|')).join(' | ')} |`).join('\n')}\n`
}

function shownProof({ id, gap }) {
  return gap === undefined ? `\`${proofOf(id)?.slice('test/'.length)}\`` : `open: ${gap} (docs/status.md)`
}

function requirementsDocument() {
  const parts = Map.groupBy(requirements, ({ where }) => where?.split(':')[0] ?? 'beyond the reference')
  const open = requirements.filter(({ gap }) => gap !== undefined).length
  const sections = [...parts].map(([part, rows]) => {
    const lines = rows.map((row) => [row.id, row.where?.split(': ')[1] ?? '', row.says, shownProof(row)])
    return `## ${part[0].toUpperCase()}${part.slice(1)}\n\n${table(['Requirement', 'Where', 'What', 'Test'], lines)}`
  })
  const intro = `What LocalAI's reference says, statement by statement, and the test that shows it here: ${reference.length} statements, ${open} of them open; and ${own.length} requirements beyond it. A test has the name of its requirement in brackets at the start of its own.`
  return `# Requirements\n\n${MADE_BY}\n\n${intro}\n\n${sections.join('\n')}`
}

const errors = reference.filter(({ status }) => status !== undefined)

function errorsDocument() {
  const endpoints = Map.groupBy(errors, ({ endpoint }) => endpoint)
  const sections = [...endpoints].map(([endpoint, rows]) => {
    const lines = rows.map(({ id, status, says, type = '', message }) => [status, says, type, message, id])
    return `## ${endpoint}\n\n${table(['Status', 'When', 'Type', 'Message', 'Requirement'], lines)}`
  })
  return `# Errors\n\n${MADE_BY}\n\n${read('test/requirements/errors-introduction.md')}\n${sections.join('\n')}`
}

/** For README.md: what each status means. */
function shortTable() {
  const statuses = Map.groupBy(errors, ({ status }) => status)
  const lines = [...statuses.keys()].sort().map((status) => {
    const causes = statuses.get(status).map(({ says }) => says)
    return [status, [...new Set(causes)].join('; ')]
  })
  return table(['Status', 'When'], lines)
}

const MARKED = /(<!-- errors -->\n)[\s\S]*?(<!-- \/errors -->)/

const documents = {
  'docs/reference/requirements.md': requirementsDocument(),
  'docs/reference/errors.md': errorsDocument(),
  'README.md': read('README.md').replace(MARKED, (_all, start, end) => `${start}\n${shortTable()}\n${end}`),
}

const found = problems()
if (process.argv.includes('--check')) {
  for (const [path, wanted] of Object.entries(documents)) {
    if (readOrNothing(path) !== wanted) found.push(`${path} is out of date: node scripts/requirements.mjs`)
  }
} else {
  for (const [path, wanted] of Object.entries(documents)) writeFileSync(join(root, path), wanted)
}
if (found.length > 0) {
  console.error(found.join('\n'))
  process.exitCode = 1
}

function readOrNothing(path) {
  try {
    return read(path)
  } catch {
    return ''
  }
}

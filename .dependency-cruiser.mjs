// Who may import whom: ARCHITECTURE.md says why. `name*` opens a door for types only.
const doors = {
  base: [],
  grammar: ['base'],
  config: ['base', 'telemetry'],
  telemetry: ['base'],
  grpc: ['base'],
  models: ['base', 'telemetry'],
  gallery: ['base', 'telemetry', 'models', 'workers*'],
  backends: ['base', 'telemetry', 'grpc', 'models'],
  builtin: ['base', 'grpc', 'grammar'],
  inference: ['base', 'telemetry', 'models', 'grammar', 'templates', 'backends*', 'grpc*'],
  p2p: ['base', 'telemetry'],
  federation: ['base', 'telemetry', 'p2p*'],
  templates: ['base'],
  accounts: ['base', 'telemetry'],
  responses: ['base', 'telemetry', 'inference'],
  mcp: ['base', 'telemetry'],
  workers: ['base', 'telemetry', 'models', 'p2p*', 'backends*'],
  upstreams: ['base', 'telemetry', 'models', 'grpc*', 'backends*'],
  explorer: ['base', 'telemetry', 'p2p*'],
  api: [
    'base',
    'telemetry',
    'models',
    'inference',
    'accounts',
    'responses',
    'mcp*',
    'gallery*',
    'backends*',
    'federation',
    'p2p*',
    'workers',
    'upstreams*',
    'explorer',
  ],
  cli: ['base', 'config', 'compose'],
}
doors.compose = Object.keys(doors).filter((room) => !['cli', 'builtin'].includes(room))

// Outside libraries, and the rooms where each is at home.
const homes = [
  ['grpc', '@grpc', ['grpc', 'backends', 'builtin', 'upstreams']],
  ['undici', 'undici', ['base', 'gallery', 'builtin', 'federation', 'workers', 'upstreams']],
  ['libp2p', 'libp2p|@libp2p|@multiformats|multiformats|uint8arraylist', ['p2p']],
  ['fastify', 'fastify|@fastify', ['api']],
  ['node-llama-cpp', 'node-llama-cpp', ['builtin']],
  ['jinja', '@huggingface/jinja', ['builtin']],
  ['pino', 'pino|prom-client', ['telemetry']],
  ['opentelemetry', '@opentelemetry', ['telemetry']],
  ['dotenv', 'dotenv', ['config']],
  ['mcp', '@modelcontextprotocol', ['mcp']],
  ['re2js', 're2js', ['templates']],
]

const dialects = '^src/api/(openai|localai|anthropic|responses|jina|elevenlabs)/'
const forbid = (name, from, to, comment) => ({ name, severity: 'error', from, to, ...(comment ? { comment } : {}) })
const inRooms = (rooms) => `^(src|test/fixtures/architecture/src)/(${rooms.join('|')})/`
const inRoom = (room) => `^(src|test/fixtures/architecture/src)/${room}/`
const inSource = '^(src|test/fixtures/architecture/src)/'

const roomRules = Object.entries(doors).flatMap(([room, opens]) => {
  const reachable = opens.map((name) => name.replace('*', ''))
  const typesOnly = reachable.filter((name) => opens.includes(`${name}*`))
  const comment = `src/${room} may import: ${opens.join(', ') || 'nothing else in src'}`
  return [
    forbid(
      `${room}-doors`,
      { path: inRoom(room) },
      { path: inSource, pathNot: inRooms([room, ...reachable]) },
      comment,
    ),
    ...(typesOnly.length > 0
      ? [
          forbid(
            `${room}-types-only`,
            { path: inRoom(room) },
            { path: inRooms(typesOnly), dependencyTypesNot: ['type-only'] },
          ),
        ]
      : []),
  ]
})
const homeRules = homes.map(([name, packages, rooms]) =>
  forbid(`${name}-at-home`, { path: inSource, pathNot: inRooms(rooms) }, { path: `^node_modules/(${packages})(/|$)` }),
)

export default {
  forbidden: [
    forbid('no-cycles', { path: inSource }, { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } }),
    forbid('no-unresolvable', {}, { couldNotResolve: true }),
    forbid('no-test-code-in-src', { path: '^src/' }, { path: '^(test|bench)/' }),
    forbid('dialects-are-strangers', { path: dialects }, { path: dialects, pathNot: '^src/api/$1/' }),
    forbid(
      'child-process-at-home',
      { path: '^src/', pathNot: '^src/(backends|gallery|builtin|workers)/' },
      { path: '^(node:)?child_process$' },
    ),
    ...roomRules,
    ...homeRules,
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    // Not `exclude`: that silently blinds every at-home rule.
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|src/grpc/generated)/' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'node', 'default'],
    },
  },
}

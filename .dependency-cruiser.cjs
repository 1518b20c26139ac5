// The house as forbidden arrows: imports go down only, type-only imports included. The floors are drawn in docs/design.md.

// Lowest first; the rooms on one line share a floor and do not know each other.
const floors = [
  ['protocol'],
  ['errors'],
  ['greenlet'],
  ['context', 'debug'],
  ['hub'],
  ['config'],
  ['waiting'],
  ['gevent'],
  ['sync', 'queues', 'nursery', 'buffered'],
  ['several'],
  ['pools'],
  ['net/dns', 'net/readiness'],
  ['net/stream', 'net/datagram'],
  ['net/tls'],
  ['net/select', 'net/socket'],
  ['net/server'],
  ['net/index'],
  ['os/exceptions'],
  ['os/streams'],
  ['os/files'],
  ['os/fileobject'],
  ['os/launch'],
  ['os/subprocess', 'os/children', 'os/signals'],
  ['http/exceptions', 'http/global-dispatcher', 'http/node-http'],
  ['http/undici'],
  ['http/message', 'http/transport'],
  ['http/requests', 'http/fetch', 'http/serve', 'http/node'],
  ['http/index', 'os/index'],
  ['monkey', 'trace', 'testing/schedule'],
  ['testing/execution'],
  ['testing/search', 'testing/report', 'testing/storyboard'],
  ['testing/runs'],
  ['testing/frameworks'],
  ['testing/index'],
  ['cli'],
]

// A room is a folder, or, as long as it is one page, a file of that name.
const rooms = (names) => `^src/(${names.join('|')})(/|\\.ts$)`

const upward = floors.slice(0, -1).map((floor, level) => ({
  name: `${floor.join('-')}-must-not-look-up`,
  comment: 'Imports go down only.',
  severity: 'error',
  from: { path: rooms(floor) },
  to: { path: rooms(floors.slice(level + 1).flat()) },
}))

const sideways = floors
  .filter((floor) => floor.length > 1)
  .map((floor) => ({
    name: `${floor.join('-')}-do-not-know-each-other`,
    comment: 'Rooms on the same floor share through a lower floor.',
    severity: 'error',
    from: { path: rooms(floor) },
    to: { path: rooms(floor), pathNot: '^src/$1/' },
  }))

module.exports = {
  forbidden: [
    ...upward,
    ...sideways,
    {
      name: 'no-cycles',
      comment: 'Type-only cycles count: what cannot be understood alone cannot be read alone.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'nobody-imports-the-front-door',
      comment: 'src/index.ts is for users.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^src/index\\.ts$' },
    },
    {
      name: 'front-door-opens-on-the-lower-floors',
      comment: 'From net upwards each room has a sub-path of its own.',
      severity: 'error',
      from: { path: '^src/index\\.ts$' },
      to: {
        path: '^src/',
        pathNot: rooms([
          'protocol',
          'errors',
          'greenlet',
          'context',
          'debug',
          'hub',
          'config',
          'waiting',
          'gevent',
          'sync',
          'queues',
          'nursery',
          'several',
          'pools',
        ]),
      },
    },
    {
      name: 'rooms-do-not-use-their-own-door',
      comment: 'Inside a room, import the file that has the noun.',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/$1/index\\.ts$' },
    },
    {
      name: 'greenlet-is-pure',
      comment: 'Switching needs neither Node nor a package.',
      severity: 'error',
      from: { path: '^src/(greenlet/|errors/|protocol\\.ts$)' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-bundled'] },
    },
    {
      name: 'lint-rules-stand-alone',
      comment: 'src/eslint runs in the linter and knows nothing of the run time; nobody knows it.',
      severity: 'error',
      from: { path: '^src/eslint/' },
      to: { path: '^src/', pathNot: '^src/eslint/' },
    },
    {
      name: 'nobody-imports-the-lint-rules',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/eslint/' },
      to: { path: '^src/eslint/' },
    },
    {
      name: 'src-knows-only-src',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|examples|bench|dist)/' },
    },
    {
      name: 'src-needs-what-users-install',
      comment: 'A devDependency is not there when a user runs dist.',
      severity: 'error',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only', 'npm-peer'] },
    },
    {
      name: 'only-src-speaks-debug',
      comment: 'The namespaces greenloop:* belong to the library.',
      severity: 'error',
      from: { pathNot: '^src/' },
      to: { path: '^node_modules/(@types/)?debug/' },
    },
    {
      name: 'nobody-reads-dist',
      comment: 'One copy: tests and examples run src.',
      severity: 'error',
      from: {},
      to: { path: '^dist/' },
    },
    { name: 'everything-resolves', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-orphans',
      comment: 'A file that imports nothing and that nobody imports; a door may stand alone.',
      severity: 'error',
      from: { path: '^src/', orphan: true, pathNot: '(^|/)index\\.ts$' },
      to: {},
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
}

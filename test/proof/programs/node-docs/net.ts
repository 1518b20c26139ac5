// The snippets of Node's documentation on net.
import async_hooks from 'node:async_hooks'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { happens, listening, type Snippet, type Stage, talk } from './stage.ts'

/** Where Node's documentation has its Unix socket. */
const DOCUMENTED_PATH = ['', 'tmp', 'echo.sock'].join('/')

const NET = '@types/node/net.d.ts'
const HOOKS = '@types/node/async_hooks.d.ts'

/** Shows what a line of the documentation only tells: `net.isIP('::1'); // returns 6`. */
const PRINT: Snippet['swaps'] = [[/^(net\.isIP.*?); \/\/ returns/gmu, 'console.log($1) // returns']]

/** `async_hooks`, telling whose id it was that a snippet asked for. */
async function ids(stage: Stage, ask: 'executionAsyncId' | 'triggerAsyncId'): Promise<void> {
  const asked: number[] = []
  const { server } = await stage.run(
    { net, port: 0, async_hooks: { [ask]: () => asked.push(async_hooks[ask]()) } },
    'server',
  )
  const port = await listening(server)
  const connection = happens(server, 'connection')
  await talk({ port })
  const peer = await connection
  // Each handle has a method that tells its id.
  const idOf = (owner: unknown): number => (owner as { _handle: { getAsyncId(): number } })._handle.getAsyncId()
  stage.log(`${ask} in a connection is the server's:`, asked[1] === idOf(server))
  stage.log(`${ask} in listen is the server's:`, asked[0] === idOf(server))
  stage.log('asked', asked.length, 'times, of a', (peer as object).constructor.name)
}

export const netSnippets: readonly Snippet[] = [
  {
    subject: 'net',
    name: 'socket.setTimeout',
    file: NET,
    words: 'socket.setTimeout(3000)',
    swaps: [['3000', '20']],
    shows: 'socket timeout',
    async around(stage) {
      const port = await stage.listen(net.createServer((peer) => peer.resume()))
      const socket = stage.watch('socket', net.connect(port, '127.0.0.1'))
      await stage.emitted('socket', 'connect')
      await stage.run({ socket })
      await stage.emitted('socket', 'close')
    },
  },
  {
    subject: 'net',
    name: 'server.listen: EADDRINUSE',
    file: NET,
    words: "e.code === 'EADDRINUSE'",
    swaps: [['1000', '5']],
    shows: 'stderr: Address in use, retrying...',
    async around(stage) {
      const busy = net.createServer()
      const port = await stage.listen(busy)
      const server = net.createServer()
      await stage.run({ server, PORT: port, HOST: '127.0.0.1' }, 'server')
      server.once('error', () => busy.close()).listen(port, '127.0.0.1')
      await stage.emitted('server', 'listening')
    },
  },
  {
    subject: 'net',
    name: 'server.address',
    file: NET,
    words: "socket.end('goodbye\\n')",
    swaps: [['server.listen(() =>', "server.listen(0, '127.0.0.1', () =>"]],
    shows: 'opened server on',
    async around(stage) {
      const { server } = await stage.run({ net }, 'server')
      stage.log(await talk({ port: await listening(server) }))
    },
  },
  {
    subject: 'net',
    name: 'new net.BlockList',
    file: NET,
    words: 'new net.BlockList()',
    shows: 'rules: 3',
    async around(stage) {
      const { blockList } = await stage.run({ net }, 'blockList')
      stage.log('rules:', blockList.rules.length)
    },
  },
  {
    subject: 'net',
    name: 'net.createServer',
    file: NET,
    words: "console.log('client disconnected')",
    swaps: [['server.listen(8124,', "server.listen(0, '127.0.0.1',"]],
    shows: 'client disconnected',
    async around(stage) {
      const { server } = await stage.run({}, 'server')
      stage.log(await talk({ port: await listening(server) }, 'an echo'))
    },
  },
  {
    subject: 'net',
    name: 'net.createServer: on a path',
    file: NET,
    words: `server.listen('${DOCUMENTED_PATH}'`,
    swaps: [[`'${DOCUMENTED_PATH}'`, 'path']],
    shows: 'an echo',
    async around(stage) {
      const folder = mkdtempSync(join(tmpdir(), 'docs-'))
      stage.defer(() => rmSync(folder, { recursive: true }))
      const path = join(folder, 'echo.sock')
      const server = net.createServer((peer) => peer.pipe(peer))
      await stage.run({ server, path }, 'server')
      await stage.emitted('server', 'listening')
      stage.log(await talk({ path }, 'an echo'))
    },
  },
  ...['isIP', 'isIPv4', 'isIPv6'].map(
    (name): Snippet => ({
      subject: 'net',
      name: `net.${name}`,
      file: NET,
      words: `net.${name}('fhqwhgads')`,
      swaps: PRINT,
      shows: name === 'isIP' ? '6' : 'true',
      async around(stage) {
        await stage.run({ net })
      },
    }),
  ),
  {
    subject: 'net',
    name: 'async_hooks.executionAsyncId in a server',
    file: HOOKS,
    words: '// Returns the ID of the server, not of the new connection',
    shows: "executionAsyncId in a connection is the server's: true",
    around: (stage) => ids(stage, 'executionAsyncId'),
  },
  {
    subject: 'net',
    name: 'async_hooks.triggerAsyncId in a server',
    file: HOOKS,
    words: '// The resource that caused (or triggered) this callback',
    shows: "triggerAsyncId in listen is the server's: true",
    around: (stage) => ids(stage, 'triggerAsyncId'),
  },
]

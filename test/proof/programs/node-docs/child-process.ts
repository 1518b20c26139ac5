// The snippets of Node's documentation on child processes.
import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extract } from './extract.ts'
import { all, happens, listening, type Snippet, type Stage, talk } from './stage.ts'

const FILE = '@types/node/child_process.d.ts'
/** What is told of an error in words, the snippet tells. */
const NAME_ERROR: Snippet['swaps'] = [['console.error(error)', 'console.error(error.name)']]
/** `node` itself, wherever it is. */
const NODE: Snippet['swaps'] = [["'node'", 'process.execPath']]

/** A folder until the end. */
function folderOf(stage: Stage): string {
  const folder = mkdtempSync(join(tmpdir(), 'docs-'))
  stage.defer(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Puts the snippet that says `words` into a file, for a child to run; answers its path. */
function program(stage: Stage, words: string, more = ''): string {
  const path = join(folderOf(stage), 'program.cjs')
  writeFileSync(path, `${extract({ file: FILE, words }, []).code}\n${more}`)
  return path
}

/** Ends a child at the end, and waits for it. */
function ending(stage: Stage, child: ChildProcess): void {
  stage.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill()
    await happens(child, 'exit')
  })
}

/** The end of a child, and what it was. */
async function ended(stage: Stage, child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await happens(child, 'close')
  stage.log(child.constructor.name, child.exitCode, child.signalCode, child.killed)
}

export const childProcessSnippets: readonly Snippet[] = [
  {
    subject: 'child_process',
    name: 'subprocess.stdout',
    file: FILE,
    words: 'Received chunk ${data}',
    swaps: [["spawn('ls')", "spawn('echo', ['a line'])"]],
    shows: 'Received chunk a line',
    async around(stage) {
      const { subprocess } = await stage.run({}, 'subprocess')
      await ended(stage, subprocess)
    },
  },
  {
    subject: 'child_process',
    name: 'subprocess.stdio',
    file: FILE,
    words: "Direct child's stderr to a file.",
    swaps: [["'err.out'", 'path']],
    shows: 'ChildProcess 0',
    async around(stage) {
      const { subprocess } = await stage.run({ path: join(folderOf(stage), 'err.out') }, 'subprocess')
      subprocess.stdout!.resume()
      await ended(stage, subprocess)
    },
  },
  {
    subject: 'child_process',
    name: 'subprocess.pid',
    file: FILE,
    words: 'Spawned child pid',
    swaps: [['${grep.pid}', '${grep.pid > 0}']],
    shows: 'Spawned child pid: true',
    async around(stage) {
      const { grep } = await stage.run({}, 'grep')
      await ended(stage, grep)
    },
  },
  {
    subject: 'child_process',
    name: 'subprocess.kill',
    file: FILE,
    words: "grep.kill('SIGHUP')",
    shows: 'child process terminated due to receipt of signal SIGHUP',
    async around(stage) {
      const { grep } = await stage.run({}, 'grep')
      await ended(stage, grep)
    },
  },
  {
    subject: 'child_process',
    name: 'subprocess.send',
    file: FILE,
    words: "console.log('PARENT got message:', m)",
    swaps: [['`${__dirname}/sub.js`', 'sub, { silent: true }']],
    shows: "PARENT got message: { foo: 'bar', baz: null }",
    async around(stage) {
      const sub = program(
        stage,
        "console.log('CHILD got message:', m)",
        "process.once('message', () => setImmediate(() => process.disconnect()))",
      )
      const { n } = await stage.run({ sub }, 'n')
      ending(stage, n)
      stage.log(await all(n.stdout!))
      await ended(stage, n)
    },
  },
  {
    subject: 'child_process',
    name: 'subprocess.send: a server',
    file: FILE,
    words: 'Open up the server object and send the handle.',
    swaps: [
      ["'subprocess.js'", 'path'],
      ['1337', "0, '127.0.0.1'"],
    ],
    shows: 'handled by child',
    async around(stage) {
      const path = program(
        stage,
        "socket.end('handled by child')",
        "process.once('message', () => process.send('it is here'))",
      )
      const { subprocess, server } = await stage.run({ path }, 'subprocess', 'server')
      ending(stage, subprocess)
      const port = await listening(server)
      stage.log(await happens(subprocess, 'message'))
      server.close() // the child's is another one
      stage.log(await talk({ port }))
    },
  },
  {
    subject: 'child_process',
    name: 'subprocess.send: a socket',
    file: FILE,
    words: "special.send('socket', socket)",
    swaps: [
      ["'subprocess.js'", 'path'],
      ["'74.125.127.100'", "'127.0.0.1'"],
      ['1337', "0, '127.0.0.1'"],
    ],
    shows: 'Request handled with special priority',
    async around(stage) {
      const path = program(stage, 'Request handled with ${process.argv[2]} priority')
      const { normal, special, server } = await stage.run({ path }, 'normal', 'special', 'server')
      for (const child of [normal, special]) ending(stage, child)
      stage.log(await all(net.connect(await listening(server), '127.0.0.1')))
      server.close() // as long as its children can say that they have closed its connections
      await stage.emitted('server', 'close')
    },
  },
  {
    subject: 'child_process',
    name: 'subprocess.ref',
    file: FILE,
    words: 'subprocess.unref();\nsubprocess.ref();',
    swaps: [["['child_program.js']", "['-e', '']"]],
    shows: 'ChildProcess 0 null false',
    async around(stage) {
      const { subprocess } = await stage.run({}, 'subprocess')
      await ended(stage, subprocess)
    },
  },
  {
    subject: 'child_process',
    name: 'spawn: ps ax | grep ssh',
    file: FILE,
    words: "const ps = spawn('ps', ['ax'])",
    swaps: [["'ps', ['ax']", "'printf', ['1 init\\\\n2 sshd\\\\n']"]],
    shows: '2 sshd',
    async around(stage) {
      const { ps, grep } = await stage.run({}, 'ps', 'grep')
      await ended(stage, grep)
      await ended(stage, ps)
    },
  },
  {
    subject: 'child_process',
    name: 'spawn: a program that is not there',
    file: FILE,
    words: "spawn('bad_command')",
    shows: 'stderr: Failed to start subprocess.',
    async around(stage) {
      const { subprocess } = await stage.run({}, 'subprocess')
      await ended(stage, subprocess)
    },
  },
  {
    subject: 'child_process',
    name: 'spawn: with a signal',
    file: FILE,
    words: "spawn('grep', ['ssh'], { signal })",
    swaps: [['// This will be called', 'console.log(err.name) //']],
    shows: 'AbortError',
    async around(stage) {
      const { grep } = await stage.run({}, 'grep')
      await ended(stage, grep)
    },
  },
  {
    subject: 'child_process',
    name: 'exec',
    file: FILE,
    words: 'The \\\\$HOME variable is $HOME',
    swaps: [['$HOME"\')', '$HOME"\', (_, stdout) => console.log(stdout))']],
    shows: /^The \$HOME variable is \S/u,
    async around(stage) {
      await stage.run()
      await stage.wrote('variable')
    },
  },
  {
    subject: 'child_process',
    name: 'exec: with a callback',
    file: FILE,
    words: 'cat *.js missing_file | wc -l',
    shows: /^stdout: \d+$/u,
    async around(stage) {
      await stage.run()
      await stage.wrote('stderr: cat')
    },
  },
  {
    subject: 'child_process',
    name: 'exec: promisified',
    file: FILE,
    words: 'lsExample()',
    swaps: [["exec('ls')", "exec('ls -d .')"]],
    shows: 'stdout: .',
    async around(stage) {
      await stage.run()
      await stage.wrote('stderr:')
    },
  },
  {
    subject: 'child_process',
    name: 'exec: with a signal',
    file: FILE,
    words: "exec('grep ssh', { signal }",
    swaps: NAME_ERROR,
    shows: 'stderr: AbortError',
    async around(stage) {
      const { child } = await stage.run({}, 'child')
      await ended(stage, child)
    },
  },
  {
    subject: 'child_process',
    name: 'execFile',
    file: FILE,
    words: "execFile('node', ['--version'], (error, stdout, stderr) =>",
    swaps: NODE,
    shows: process.version,
    async around(stage) {
      const { child } = await stage.run({}, 'child')
      await ended(stage, child)
    },
  },
  {
    subject: 'child_process',
    name: 'execFile: promisified',
    file: FILE,
    words: "util.promisify(require('node:child_process').execFile)",
    swaps: NODE,
    shows: process.version,
    async around(stage) {
      await stage.run({ require: createRequire(import.meta.url) })
      await stage.wrote(process.version)
    },
  },
  {
    subject: 'child_process',
    name: 'execFile: with a signal',
    file: FILE,
    words: "['--version'], { signal }",
    // One that does not end by itself: it is a race else.
    swaps: [...NODE, ...NAME_ERROR, ["['--version']", "['-e', 'setInterval(() => {}, 1000)']"]],
    shows: 'stderr: AbortError',
    async around(stage) {
      const { child } = await stage.run({}, 'child')
      await ended(stage, child)
    },
  },
  {
    subject: 'child_process',
    name: 'fork: with a signal',
    file: FILE,
    words: "fork(__filename, ['child'], { signal })",
    swaps: [
      ['// This will be called', 'console.log(err.name) //'],
      ['controller.abort();', 'controller.abort();\n  ended = child;'],
      [/^(?=if)/gu, 'let ended;\n'],
    ],
    shows: 'AbortError',
    async around(stage) {
      const path = join(folderOf(stage), 'program.cjs')
      writeFileSync(path, 'setInterval(() => {}, 1000)')
      const { ended: child } = await stage.run({ __filename: path }, 'ended')
      await ended(stage, child)
    },
  },
]

/**
 * A session of a backdoor: one REPL of Node's on one connection.
 *
 * It has a context of its own, in which the process is that of everybody, except that `exit` ends the session alone. Its code runs as plain
 * code, as main, between the turns of greenlets: it awaits where a greenlet would `yield*`.
 *
 * Stands on Node's `repl`, which is loaded by the first session, since it takes hold of how errors are reported. Leaves to the gate who gets
 * here.
 */
import type { Socket } from 'node:net'
import type { REPLServer } from 'node:repl'
import { inspect, types } from 'node:util'
import { kill } from '../../gevent/end.ts'
import { joinall, killall } from '../../gevent/joinall.ts'
import { sleep } from '../../gevent/sleep.ts'
import { spawn } from '../../gevent/spawn.ts'
import { getHub } from '../../hub/default.ts'
import { commands } from './commands.ts'

/** What a session shows at its beginning, and finds. */
export interface Furnishing {
  readonly banner: string
  readonly locals: Readonly<Record<string, unknown>>
}

/** What each session finds under these names, unless `locals` has others. */
const OURS = { spawn, sleep, joinall, kill, killall, getHub }

/** Begins a session on a connection that was let in; it ends the connection when it ends. */
export function beginSession(socket: Socket, { banner, locals }: Furnishing): void {
  const repl = process.getBuiltinModule('node:repl')
  socket.write(`${banner}\n`)
  const session = repl.start({
    prompt: '> ',
    input: socket,
    output: socket,
    terminal: false,
    useColors: false,
    useGlobal: false,
    ignoreUndefined: true,
    writer: (value: unknown) => {
      if (types.isPromise(value)) tellRejection(session, value)
      return inspect(value)
    },
  })
  const exit = (): void => {
    session.close()
  }
  const furnish = (): void => {
    const names = { ...OURS, process: processWith(exit), exit, quit: exit, ...locals }
    // Defined and not assigned: some globals of the context, `process` too, have setters that change those of everybody.
    for (const [name, value] of Object.entries(names))
      Object.defineProperty(session.context, name, { value, writable: true, enumerable: true, configurable: true })
  }
  furnish()
  session.on('reset', furnish) // .clear makes a new context
  for (const [name, { help, answer }] of Object.entries(commands))
    session.defineCommand(name, {
      help,
      action(argument) {
        this.clearBufferedCommand()
        this.output.write(`${answer(argument)}\n`)
        this.displayPrompt()
      },
    })
  session.on('error', exit) // the connection's: whoever is there has gone
  session.on('exit', () => {
    socket.end()
    socket.destroySoon()
  })
  socket.on('close', exit)
}

/** Nobody waits for the promise that a line has given: the session is told when it is rejected, and not the process. */
function tellRejection(session: REPLServer, promise: Promise<unknown>): void {
  promise.catch((error: unknown) => {
    session.output.write(`Uncaught (in promise) ${inspect(error)}\n`)
  })
}

/** The process, whose `exit` is another. */
function processWith(exit: () => void): NodeJS.Process {
  return new Proxy(process, { get: (target, key) => (key === 'exit' ? exit : (Reflect.get(target, key) as unknown)) })
}

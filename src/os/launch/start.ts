/**
 * Starting a child: our options as Node's, and its three streams taken from Node's child.
 *
 * Node closes a child's stdin when the child ends, and reads to nowhere what nobody has read of its output by then. Here output may be read
 * later, and both may be used by what the child has left behind; so the streams are taken out of Node's hands as soon as they are made.
 *
 * `stderr: STDOUT` with a pipe: Node has no word for it, and two pipes would not keep the order. A shell does it, and becomes the program.
 *
 * Stands on Node. Leaves it to `refusal.ts` to find out why a start has failed.
 */
import { type ChildProcess, type SpawnOptions, type StdioOptions, spawn } from 'node:child_process'
import type { Socket } from 'node:net'
import { UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'
import { FileObject } from '../fileobject/file-object.ts'
import { type Args, DEVNULL, INHERIT, PIPE, type PopenOptions, STDOUT, type Target } from './options.ts'
import { outletOf } from './pipes.ts'
import { type Command, obstacleOf, refusalOf, thrownRefusal } from './refusal.ts'

/** A child that runs. */
export interface Started {
  readonly child: ChildProcess
  readonly pid: number
  /** Our ends of its stdin, stdout, stderr, as far as they are pipes. */
  readonly sockets: readonly [Socket | null, Socket | null, Socket | null]
}

/** Starts it. @throws StartError when it cannot be started. */
export function start(args: Args, options: PopenOptions): Started {
  const stdio = stdioOf(options)
  const command = commandOf(args, options)
  const { cwd, env, uid, gid, startNewSession = true } = options
  const spawnOptions: SpawnOptions = {
    stdio: stdio as StdioOptions, // Node's own words, descriptors, and streams that have one
    detached: startNewSession,
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  }
  let [file, argv] = [command.file, command.argv]
  if (options.stderr === STDOUT && stdio[1] === PIPE) {
    const obstacle = command.viaShell ? null : obstacleOf(command)
    if (obstacle !== null) throw obstacle
    ;[file, argv] = merged(command)
  }
  let child: ChildProcess
  try {
    child = spawn(file, argv, spawnOptions)
  } catch (error) {
    throw thrownRefusal(command, error)
  }
  // Undefined when Node had no descriptors left to make them.
  const made = child.stdio as readonly (Socket | null | undefined)[] | undefined
  const sockets = [made?.[0] ?? null, made?.[1] ?? null, made?.[2] ?? null] as const
  Object.assign(child, { stdin: null, stdout: null, stderr: null, stdio: [] })
  for (const socket of sockets) socket?.on('error', ignore) // those who read or write are told by themselves
  if (child.pid !== undefined) {
    for (const target of [options.stdin, options.stdout, options.stderr]) giveAway(target)
    return { child, pid: child.pid, sockets }
  }
  child.on('error', ignore) // it comes late
  for (const socket of sockets) socket?.destroy()
  throw refusalOf(command, made !== undefined)
}

function ignore(): void {
  // whoever asked was told
}

function commandOf(args: Args, { shell = false, cwd, env, uid, gid }: PopenOptions): Command {
  const viaShell = shell !== false
  const more = { given: args, viaShell, cwd, env: env ?? process.env, asOther: uid !== undefined || gid !== undefined }
  if (viaShell) return { ...more, file: shell === true ? '/bin/sh' : shell, argv: ['-c', args as string] } // checked
  const [file = '', ...argv] = typeof args === 'string' ? [args] : args
  return { ...more, file, argv }
}

/** The same command, with its stderr where its stdout is. */
function merged({ file, argv, viaShell }: Command): [file: string, argv: string[]] {
  if (viaShell) return [file, ['-c', `exec 2>&1\n${argv[1] ?? ''}`]]
  return ['/bin/sh', ['-c', 'exec "$0" "$@" 2>&1', file, ...argv]]
}

type Stdio = 'pipe' | 'ignore' | 'inherit' | number | object

function stdioOf({ stdin, stdout, stderr, passFds = [] }: PopenOptions): Stdio[] {
  const stdio = [targetOf('stdin', stdin), targetOf('stdout', stdout)]
  const [, out = INHERIT] = stdio
  // Inherited is a descriptor by its place; and a pipe is made one by the shell.
  if (stderr === STDOUT) stdio.push(out === PIPE ? DEVNULL : out === INHERIT ? 1 : out)
  else stdio.push(targetOf('stderr', stderr))
  for (const fd of passFds) {
    while (stdio.length < fd) stdio.push(DEVNULL)
    if (fd > 2) stdio[fd] = fd
  }
  return stdio
}

function targetOf(name: string, target: Target): Stdio {
  if (target == null) return INHERIT
  if (typeof target !== 'object') return target
  const pipe = outletOf(target)
  if (pipe !== null) {
    checkUnread(name, pipe.socket)
    return pipe.socket
  }
  if ('fileno' in target) return descriptorOf(name, target)
  const { fd, _handle: handle } = target as { fd?: unknown; _handle?: unknown } // any stream may be asked
  if (typeof fd === 'number' && fd >= 0) return fd
  if (fd === -1 || (target as { destroyed?: unknown }).destroyed === true)
    throw new UsageError(`\`${name}\` was given a file or stream that is closed.`)
  if (handle != null) return target
  throw new UsageError(
    fd === null
      ? `\`${name}\` was given a file's stream that is not open yet: it has no descriptor.\n\n${wrongRight(`{ ${name}: createWriteStream(path) }`, 'it is opened later', `{ ${name}: openSync(path, 'w') }`)}`
      : `\`${name}\` was given a stream without a descriptor, ${show(target)}; a child cannot use it. Take PIPE, and write to it or read it.`,
  )
}

/** It is another child's now, if it is a pipe of one. */
function giveAway(target: PopenOptions['stderr']): void {
  const pipe = typeof target === 'object' && target !== null ? outletOf(target) : null
  if (pipe !== null) pipe.isGivenAway = true
}

/** A file of ours goes to places by itself, of which the system does not know. */
function descriptorOf(name: string, file: { fileno(): number }): number {
  const fd = file.fileno()
  const place = file instanceof FileObject ? file.$foreignPlace : null
  if (place === null) return fd
  const [wrong, right] =
    name === 'stdin'
      ? ['{ stdin: file }', '{ input: yield* file.read() }']
      : [`{ ${name}: yield* open(path, 'w+') }`, `{ ${name}: yield* open(path, 'a') }`]
  throw new UsageError(
    `\`${name}\` was given a file that is at the place ${String(place)}; the child would begin at another.\n\n${wrongRight(wrong, 'only the file knows its place', right)}`,
  )
}

/** What Node has read of a pipe already would be lost to another child. */
function checkUnread(name: string, { bytesRead, destroyed }: Socket): void {
  if (destroyed) throw new UsageError(`\`${name}\` was given a pipe that is closed.`)
  if (bytesRead === 0) return
  throw new UsageError(
    `\`${name}\` was given a pipe of which something has been read already; the child would miss it. Start it right behind the other one, before any wait.`,
  )
}

/**
 * `fs`: the functions of `node:fs` that take a callback, as operations of the same names.
 *
 * They are Node's own, taken when this file is loaded. One that this Node does not have says so when it is called.
 *
 * Stands on file calls. Leaves open files with a place to read at to `open.ts`.
 */
import nodeFs from 'node:fs'
import { UsageError } from '../../errors/classes.ts'
import { FileFunction, type NodeCall } from './file-call.ts'
import type { FileCalls } from './forms.ts'

/** Those that are there in some Node from 20 on; `close` does not need its callback, the others do. */
const NAMES: readonly (keyof FileCalls)[] = [
  'access',
  'appendFile',
  'chmod',
  'chown',
  'close',
  'copyFile',
  'cp',
  'exists',
  'fchmod',
  'fchown',
  'fdatasync',
  'fstat',
  'fsync',
  'ftruncate',
  'futimes',
  'glob',
  'lchown',
  'link',
  'lstat',
  'lutimes',
  'mkdir',
  'mkdtemp',
  'open',
  'opendir',
  'read',
  'readFile',
  'readdir',
  'readlink',
  'readv',
  'realpath',
  'rename',
  'rm',
  'rmdir',
  'stat',
  'statfs',
  'symlink',
  'truncate',
  'unlink',
  'utimes',
  'write',
  'writeFile',
  'writev',
]

function operationOf(name: string, original: unknown): NodeCall {
  const made: NodeCall =
    typeof original === 'function'
      ? callsOf(new FileFunction(name, original as NodeCall)) // it is Node's
      : () => {
          throw new UsageError(`fs.${name}() is not there in Node ${process.versions.node}.`)
        }
  return Object.defineProperty(made, 'name', { value: name })
}

function callsOf(fn: FileFunction): NodeCall {
  return (...args) => fn.call(args)
}

function make(): FileCalls {
  const calls = Object.fromEntries(NAMES.map((name) => [name, operationOf(name, Reflect.get(nodeFs, name))]))
  const { native } = nodeFs.realpath
  // It is among the names.
  Object.assign(calls['realpath'] as NodeCall, { native: operationOf('realpath.native', native) })
  return { ...calls, constants: nodeFs.constants } as unknown as FileCalls // it lists the same, with the forms of each
}

/**
 * Node's `fs`, whose functions are driven instead of given a callback: `yield* fs.readFile(path, 'utf8')`. Their arguments are Node's; each
 * gives what `util.promisify` of Node's function gives. See {@link FileCalls} for all of them.
 *
 * They throw Node's errors, with `code`, `syscall` and `path`. A kill or a timeout ends the wait at once; what is under way in Node's thread pool
 * comes to its end unseen, save that `readFile` stops at its next step. A descriptor or a folder that is opened too late is closed, a temporary
 * folder that is made too late is removed. So do not close a descriptor at once when a `read` or `write` of it was killed: FileObject waits.
 *
 * @switches always
 * @source Node: `fs`
 * @example
 * ```ts
 * import { run, withTimeout } from 'greenloop'
 * import { fs } from 'greenloop/os'
 *
 * await run(function* () {
 *   const { name } = JSON.parse(yield* fs.readFile('package.json', 'utf8')) as { name: string }
 *   console.log(name) // greenloop
 *   const stats = yield* withTimeout(1000, fs.stat, 'package.json')
 *   console.log(stats.isFile()) // true
 *   try {
 *     yield* fs.readFile('nowhere.txt')
 *   } catch (err) {
 *     console.log((err as NodeJS.ErrnoException).code) // ENOENT
 *   }
 * })
 * ```
 */
export const fs: FileCalls = make()

/**
 * `yield* exec(command)`, `yield* spawn(program)` and `child.wait()`: the methods of `src/os/children` on every child process.
 *
 * `exec` and `execFile` return the child that they always returned, which has gained an iterator, and call the callback that they were given.
 * They are given one of ours, in whose turn that is called: Node tells nobody else what it has collected. `spawn` and `fork` are Node's own,
 * and so is all that Node makes of them: `cluster`, `worker.process`.
 *
 * What `util.promisify` makes of the two are promises that a greenlet can drive, and whose child a kill ends.
 */
import childProcess, { type ChildProcess } from 'node:child_process'
import { promisify } from 'node:util'
import { Execution, executionIn, type Output } from '../../os/children/execution.ts'
import { childMethods } from '../../os/children/methods.ts'
import { Abort, drivable } from '../../waiting/drivable.ts'
import { patchItem } from '../state.ts'
import type { NodeFunction } from './callback-less.ts'

/** Patches `exec`, `execFile` and `ChildProcess.prototype`. */
export function patchChildProcess(): void {
  patchCollecting('exec', () => 1)
  patchCollecting('execFile', optionsOfExecFile)
  const { prototype } = childProcess.ChildProcess
  for (const key of Reflect.ownKeys(childMethods))
    patchItem('childProcess', prototype, key, Reflect.get(childMethods, key))
}

/** As Node calls the callback. */
type Told = (error: Error | null, stdout: string | Buffer, stderr: string | Buffer) => void

/** Callbacks of ours: `exec` of Node hands what it is given to `execFile`, which is patched as well. */
const ours = new WeakSet<object>()

/** Where the options of `execFile` are: its list of arguments may be left out. */
function optionsOfExecFile(args: readonly unknown[]): number {
  const [, second] = args
  return typeof second === 'function' || (typeof second === 'object' && second !== null && !Array.isArray(second))
    ? 1
    : 2
}

/** Patches a function that collects the output of a child. `placeOf` says which argument the options are; the callback may be in their place. */
function patchCollecting(name: 'exec' | 'execFile', placeOf: (args: readonly unknown[]) => number): void {
  const collecting = function (this: unknown, ...args: unknown[]): unknown {
    const options = args[placeOf(args)]
    const place = placeOf(args) + (typeof options === 'function' ? 0 : 1)
    const callback = args[place] ?? null
    const original = item.before?.value as NodeFunction // it is a function of Node
    if (callback !== null && (typeof callback !== 'function' || ours.has(callback))) return original.apply(this, args)
    const execution = new Execution(callOf(name, args), killSignalIn(options))
    args[place] = told(execution, callback as Told | null) // the types of Node say so
    const child = original.apply(this, args)
    if (child instanceof childProcess.ChildProcess) execution.runsIn(child)
    return child
  }
  const { [promisify.custom]: custom } = childProcess[name] as { [promisify.custom]?: object }
  if (custom !== undefined) {
    const promising = promisingOf(name, collecting as (...args: unknown[]) => ChildProcess) // what Node's gives
    Object.defineProperty(promising, 'name', { value: nameOf(custom), configurable: true })
    Object.defineProperty(collecting, promisify.custom, { value: promising })
  }
  const item = patchItem('childProcess', childProcess, name, collecting)
}

function nameOf(custom: object): unknown {
  return (custom as { readonly name?: unknown }).name
}

function told(execution: Execution, callback: Told | null): Told {
  const all: Told = (error, stdout, stderr) => {
    execution.ended(error, { stdout, stderr })
    callback?.(error, stdout, stderr)
  }
  ours.add(all)
  return all
}

function callOf(name: string, [command]: readonly unknown[]): string {
  return `${name}('${String(command)}')`
}

/** Node has checked it, if it was given. */
function killSignalIn(options: unknown): NodeJS.Signals | undefined {
  if (typeof options !== 'object' || options === null) return undefined
  return (options as { readonly killSignal?: NodeJS.Signals }).killSignal ?? undefined
}

/** As Node's own, which `util.promisify` gives. */
function promisingOf(
  name: string,
  call: (...args: unknown[]) => ChildProcess,
): (...args: unknown[]) => Promise<Output> {
  return (...args) => {
    let tell: Told = () => undefined
    const promise = new Promise<Output>((resolve, reject) => {
      tell = (error, stdout, stderr) => {
        if (error === null) resolve({ stdout, stderr })
        else reject(Object.assign(error, { stdout, stderr }))
      }
    })
    const child = call(...args, tell)
    return drivable(Object.assign(promise, { child }), new EndOf(child), callOf(name, args))
  }
}

/** Ends a child when the last greenlet that drives its promise gives up. */
class EndOf extends Abort {
  readonly #child: ChildProcess

  constructor(child: ChildProcess) {
    super()
    this.#child = child
  }

  protected override fire(): void {
    executionIn(this.#child)?.abandoned()
  }
}

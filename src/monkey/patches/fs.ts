/**
 * `yield* fs.readFile(path)`: a call without a callback, which in Node throws, is the operation of `src/os/files`. With a callback it is
 * Node's own call.
 *
 * `fs.promises` stays Node's. A promise of its `open`, `opendir` or `mkdtemp` that a greenlet drives, and gives up, gives back what it brings:
 * it is closed, or removed, when it is there. For everybody else it is the promise that it was.
 *
 * What blocks the thread, `readFileSync` and its kin, is left alone.
 */
import fs from 'node:fs'
import { FileFunction } from '../../os/files/file-call.ts'
import { Abort, drivable } from '../../waiting/drivable.ts'
import { patchItem } from '../state.ts'
import { CALLBACK_LAST } from './callback-last.ts'
import { type MakeOperation, type NodeFunction, patchCallbackLast } from './callback-less.ts'

/** Does its work without a callback, too, and misses it when all is done: the error of that would end the process. */
const MISSES_IT_LATE = ['rm']

/** Patches the functions of `fs`, and what opens something in `fs.promises`. */
export function patchFs(): void {
  // Before `realpath` is replaced, by what has its properties.
  patchCallbackLast('fs', fs.realpath, ['native'], {
    prefix: 'fs.',
    make: (name, original) => operationFor(`realpath.${name}`, original),
  })
  const names = [...CALLBACK_LAST.fs, ...MISSES_IT_LATE]
  patchCallbackLast('fs', fs, names, { prefix: 'fs.', make: operationFor })
  for (const [name, giveBack] of Object.entries(OPENING)) patchOpening(name, giveBack)
}

function operationFor(name: string, original: NodeFunction): MakeOperation {
  const fn = new FileFunction(name, original)
  return (...args) => fn.call(args)
}

/** Functions of `fs.promises` whose outcome has to be given back, and how. */
const OPENING: Readonly<Record<string, (outcome: never) => Promise<void>>> = {
  open: (file: fs.promises.FileHandle) => file.close(),
  opendir: (dir: fs.Dir) => dir.close(),
  mkdtemp: (path: string) => fs.promises.rmdir(path),
}

function patchOpening(name: string, giveBack: (outcome: never) => Promise<void>): void {
  const original = Reflect.get(fs.promises, name) as (this: unknown, ...args: unknown[]) => Promise<never>
  const opening = function (this: unknown, ...args: unknown[]): unknown {
    const promise = original.apply(this, args)
    const [path] = args
    return drivable(promise, new Opened(promise, giveBack), `${name}(${typeof path === 'string' ? `'${path}'` : ''})`)
  }
  patchItem('fs', fs.promises, name, opening, 'fs/promises')
}

/** What is given back when the last greenlet gives up that has driven the promise of it. */
class Opened extends Abort {
  readonly #promise: Promise<never>
  readonly #giveBack: (outcome: never) => Promise<void>

  constructor(promise: Promise<never>, giveBack: (outcome: never) => Promise<void>) {
    super()
    this.#promise = promise
    this.#giveBack = giveBack
  }

  protected override fire(): void {
    // Nobody is there who could be told that it failed.
    this.#promise.then(this.#giveBack).catch(() => undefined)
  }
}

/**
 * `yield* readable.recv(n)`, `writable.sendall(data)` and the others: the methods of `src/os/streams` on every stream. `pipeline` and `finished`
 * without a callback, where Node throws, are operations; those of `node:stream/promises` give Node's promises, which a kill aborts.
 *
 * No class is replaced. Sockets and the messages of `http` keep what they have of their own.
 *
 * Left alone: a stream has no `[Symbol.iterator]`, since Node takes what can be iterated for a list.
 *
 * Stands on the signals of calls that can be aborted.
 */
import stream from 'node:stream'
import streamPromises from 'node:stream/promises'
import { readableMethods, writableMethods } from '../../os/streams/methods.ts'
import { finished, pipeline } from '../../os/streams/pipeline.ts'
import type { Operation } from '../../protocol.ts'
import { patchItem } from '../state.ts'
import { abortable } from './abortable.ts'
import { CALLBACK_LAST } from './callback-last.ts'
import { type MakeOperation, patchCallbackLast } from './callback-less.ts'

/** Patches the prototypes of streams, and the functions of `stream` and `stream/promises`. */
export function patchStreams(): void {
  const { Readable, Writable, Duplex } = stream
  for (const [prototype, methods] of [
    [Readable.prototype, readableMethods],
    [Writable.prototype, writableMethods],
    [Duplex.prototype, writableMethods], // which has those of Node copied, and inherits from Readable only
  ] as const)
    for (const key of Reflect.ownKeys(methods)) patchItem('streams', prototype, key, Reflect.get(methods, key))
  patchCallbackLast('streams', stream, CALLBACK_LAST.stream, {
    prefix: 'stream.',
    make: (name) => OPERATIONS[name as keyof typeof OPERATIONS], // the list has these
    hasCallback: (args) => typeof args.at(-1) === 'function', // the others are steps of a pipeline
  })
  patchPromises()
}

/** They check what they are given. */
const OPERATIONS: Readonly<Record<(typeof CALLBACK_LAST.stream)[number], MakeOperation>> = {
  finished: (...args) => finished(...(args as Parameters<typeof finished>)), // it refuses others
  pipeline: (...args) => (pipeline as (...steps: unknown[]) => Operation<unknown>)(...stepsIn(args)),
}

/** Node takes the steps as a list, too. Behind them comes nothing that was left out. */
function stepsIn(args: readonly unknown[]): unknown[] {
  const steps = args.slice(0, args.findLastIndex((argument) => argument !== undefined) + 1)
  const [only] = steps
  return steps.length === 1 && Array.isArray(only) ? only : steps
}

/** Whatever they are given, it is handed on. */
interface Originals {
  pipeline: (...args: unknown[]) => Promise<unknown>
  finished: (stream: unknown, options: unknown) => Promise<unknown>
}

function patchPromises(): void {
  const originals = { ...streamPromises } as Originals
  patchItem(
    'streams',
    streamPromises,
    'pipeline',
    (...args: unknown[]) => {
      const options = isOptions(args.at(-1)) ? args.pop() : undefined
      return abortable('pipeline()', options, (asked) => originals.pipeline(...args, asked))
    },
    'stream/promises',
  )
  patchItem(
    'streams',
    streamPromises,
    'finished',
    (subject: unknown, options: unknown) =>
      abortable('finished()', options ?? undefined, (asked) => originals.finished(subject, asked)),
    'stream/promises',
  )
}

/** Whether Node takes what comes last for options: it is no stream and no list. */
function isOptions(last: unknown): boolean {
  if (typeof last !== 'object' || last === null) return false
  return !['on', 'getReader', 'getWriter', 'readable', Symbol.iterator, Symbol.asyncIterator].some((key) => key in last)
}

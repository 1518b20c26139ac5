/**
 * What the patch of `stream` adds, for the compiler.
 *
 * These forms are tried before Node's own. What they take can be no callback, whose parameters would get their types from them.
 */
import type { ReadableMethods, WritableMethods } from '../os/streams/methods.ts'
import type {
  AnyStream,
  FinishedOptions as Options,
  PipelineSource as Source,
  PipelineStep as Step,
} from '../os/streams/pipeline.ts'
import type { Operation } from '../protocol.ts'

/** Options of which at least one is given. */
type Given<O> = O & { [K in keyof O]-?: Required<Pick<O, K>> }[keyof O]

declare module 'stream' {
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- declaration merging
  interface Readable extends ReadableMethods {}
  // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- declaration merging
  interface Writable extends WritableMethods {}
  interface Duplex extends ReadableMethods, WritableMethods {}

  /** Without a callback, in a greenlet: `yield* pipeline(source, ...steps, target)`. */
  function pipeline(
    source: Source,
    ...steps: [
      ...steps: Step[],
      target: NodeJS.WritableStream | WritableStream | TransformStream | { readonly end: boolean },
    ]
  ): Operation<void>

  /** Without a callback, in a greenlet: `yield* finished(stream)`. */
  // eslint-disable-next-line @typescript-eslint/unified-signatures -- options that may be left out may be a callback
  function finished(stream: AnyStream, options: Given<Options>): Operation<void>
  function finished(stream: AnyStream): Operation<void>
}

/**
 * The door of `greenloop/os`: what a program does on its machine. Child processes, files, streams, signals, usable without any patch.
 */
export { type SignalHandler, signalHandler } from '../gevent/signal.ts'
export {
  CalledProcessError,
  EOFError,
  type Outcome,
  StartError,
  SubprocessError,
  TimeoutExpired,
} from './exceptions.ts'
export type { BinaryMode, Content, FileMode, FileObjectOptions, ModeOf, TextMode } from './fileobject/file-mode.ts'
export { FileObject } from './fileobject/file-object.ts'
export { type OpenOptions, open } from './fileobject/open.ts'
export type { Disk, Raw } from './fileobject/raw.ts'
export type { FileCalls, GlobOptions, ReadResult, WriteResult } from './files/forms.ts'
export { fs } from './files/fs.ts'
export { type FileChange, type WatchOptions, watch } from './files/watch.ts'
export { type WriteWholeOptions, writeWhole } from './files/write-whole.ts'
export type { Args, Carried, Ends, HasDescriptor, PopenOptions, Target } from './launch/options.ts'
export { DEVNULL, INHERIT, PIPE, STDOUT } from './launch/options.ts'
export { nextSignal } from './signals/next-signal.ts'
export { type AnyReadable, buffer, chunks, json, text } from './streams/chunks.ts'
export type { GreenStep, Push } from './streams/green-step.ts'
export { input, type LinesOptions, LineTooLongError, lines } from './streams/lines.ts'
export type { ReadableMethods, WritableMethods } from './streams/methods.ts'
export {
  type AnyStream,
  type FinishedOptions,
  finished,
  type PipelineOptions,
  type PipelineSource,
  type PipelineStep,
  pipeline,
} from './streams/pipeline.ts'
export { recv } from './streams/recv.ts'
export { type TransformChunk, type TransformOptions, transform } from './streams/transform.ts'
export { end, write } from './streams/write.ts'
export * as subprocess from './subprocess/api.ts'
export { CompletedProcess } from './subprocess/completed-process.ts'
export { Popen, type PopenConstructor } from './subprocess/popen.ts'
export {
  type CallOptions,
  type Caught,
  call,
  checkCall,
  checkOutput,
  getoutput,
  getstatusoutput,
  type LineOptions,
  type OutputOptions,
  type RunOptions,
  run,
} from './subprocess/run.ts'

/**
 * The door of `greenloop/os`: what a program does on its machine. Child processes, files, streams, signals, usable without any patch.
 */
export {
  CalledProcessError,
  EOFError,
  type Outcome,
  StartError,
  SubprocessError,
  TimeoutExpired,
} from './exceptions.ts'

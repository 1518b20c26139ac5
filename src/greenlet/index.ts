/**
 * Floor 0: switching only. Knows no clock, no I/O, no Node.
 */
export { GreenletExit, Interrupt, InvalidSwitchError, isInterrupt, UsageError } from '../errors/classes.ts'
export type { Begun, Driven, Green, Operation, Resume, Suspend } from '../protocol.ts'
export { green } from './green.ts'
export type { GreenletFrame, Scope as Context, TraceEvent } from './kernel.ts'
export { Local, local } from './local.ts'
export { type ErrorClass, getcurrent, RawGreenlet } from './raw-greenlet.ts'
export type { Switch } from './switch.ts'
export { gettrace, settrace, type Tracer } from './trace.ts'

/**
 * The library's own works, in the order in which they are shown: what its parts cost, beside Node's own where there is such a thing.
 */
import type { Work } from '../method/work.ts'
import { AWAIT, CALLS, READY, READY_BYTES } from './calls.ts'
import { CONTEXT } from './context.ts'
import { CHILDREN, COPY, FILES, OUTPUTS } from './machine.ts'
import { MEMORY } from './memory.ts'
import { HOP, SERVED } from './serving.ts'
import { RECORDER, TRACING } from './watching.ts'

/** Without rivals. */
export const OWN_WORKS: readonly Work[] = [
  CALLS,
  READY,
  READY_BYTES,
  AWAIT,
  MEMORY,
  CONTEXT,
  TRACING,
  ...RECORDER,
  SERVED,
  HOP,
  FILES,
  CHILDREN,
  OUTPUTS,
  COPY,
]

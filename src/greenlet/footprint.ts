/**
 * What the primitives say of themselves to a schedule explorer: this is looked at, this is changed.
 *
 * Stands on the kernel. Each is one check while nobody explores. Leaves to `src/testing` what follows: two steps that touch no common
 * object, or only look at it, give the same result in either order.
 */
import { kernel } from './kernel.ts'

// Taken out of its cell once: an imported binding is read and checked anew at each use, and these are called by every operation.
const cell = kernel

/** The running code looks at `object`: its answer depends on what others did to it before. */
export function reads(object: object): void {
  if (cell.footprint !== null) cell.footprint.read(object)
}

/** The running code changes `object`, or may do so. */
export function writes(object: object): void {
  if (cell.footprint !== null) cell.footprint.written(object)
}

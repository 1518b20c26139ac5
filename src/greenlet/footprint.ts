/**
 * What the primitives say of themselves to a schedule explorer: this is looked at, this is changed.
 *
 * Stands on the kernel. Each is one check while nobody explores. Leaves to `src/testing` what follows: two steps that touch no common
 * object, or only look at it, give the same result in either order.
 */
import { kernel } from './kernel.ts'

/** The running code looks at `object`: its answer depends on what others did to it before. */
export function reads(object: object): void {
  if (kernel.footprint !== null) kernel.footprint.read(object)
}

/** The running code changes `object`, or may do so. */
export function writes(object: object): void {
  if (kernel.footprint !== null) kernel.footprint.written(object)
}

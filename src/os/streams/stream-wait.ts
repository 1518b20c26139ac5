/**
 * A wait for a stream of Node's.
 *
 * Stands on waits for what is outside. Leaves to reads and writes in which list they stand.
 */
import { IOWait } from '../../waiting/io-wait.ts'

/** Its greenlet runs soon: Node tells of streams in a tick of its own, so nothing is gained by another look at its loop. */
export abstract class StreamWait extends IOWait {
  override happened(value: unknown): void {
    this.hub.outstanding--
    this.succeed(value)
  }
}

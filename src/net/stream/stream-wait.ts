/**
 * A wait for something else than data to happen to a socket; its closing ends each.
 *
 * Stands on the socket's state. Leaves to the operations what is waited for.
 */
import { SocketWait } from '../readiness/socket-wait.ts'
import type { StreamState, StreamWaiter } from './stream-state.ts'

/** Stands in one of the lists of a socket's state. */
export class StreamWait extends SocketWait<StreamState> implements StreamWaiter {
  closed(): void {
    this.failed(this.state.closedError(this.text))
  }
}

/**
 * Freeing the memory of a buffer at once.
 *
 * Node reads each piece of a pipe into a buffer of its own, and V8 lets 32 MiB of dead ones lie before it looks, and as many again while it
 * sweeps. Who has copied a piece, or has written it, and knows that nobody else has it, need not wait for that: a buffer can be handed over to
 * another thread, and where nobody is at the other end it is gone.
 *
 * Stands on Node's message ports.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads'

/** Fewer bytes are not worth it. */
const WORTH_IT = 16_384
/** A port whose other end is closed. */
let nowhere: MessagePort | null = null

/** Frees a buffer that nobody uses any more, unless it is a part of a larger one. */
export function free({ buffer, length }: Buffer): void {
  if (length < WORTH_IT || buffer.byteLength !== length || !(buffer instanceof ArrayBuffer)) return
  if (nowhere === null) {
    const { port1, port2 } = new MessageChannel()
    port2.close()
    port1.unref()
    nowhere = port1
  }
  nowhere.postMessage(null, [buffer])
}

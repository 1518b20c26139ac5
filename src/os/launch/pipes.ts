/**
 * Our ends of a child's pipes, as files.
 *
 * They are Node's sockets, with files over them that read and write at once: what is written to a child is there for it, without a `flush`.
 *
 * Memory. Node reads each piece into a buffer of its own, and V8 lets 32 MiB of dead ones lie before it looks, and as many again while it sweeps.
 * Nobody but us has these sockets; so who copies a piece out of a buffer, or has written it, knows that it is dead, and frees it at once.
 *
 * Stands on files, and on the operations of sockets. Leaves to `start.ts` where the pipes come from.
 */
import type { Socket } from 'node:net'
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { StreamClosedError } from '../../errors/classes.ts'
import type { Coroutine } from '../../greenlet/kernel.ts'
import { ready, type Step } from '../../greenlet/operation.ts'
import { Recv } from '../../net/stream/recv.ts'
import { stateOf } from '../../net/stream/stream-state.ts'
import { StreamWait } from '../../net/stream/stream-wait.ts'
import type { Operation } from '../../protocol.ts'
import { type Attached, attached } from '../../waiting/attached.ts'
import { HubOperation, operation } from '../../waiting/operation.ts'
import { FileObject } from '../fileobject/file-object.ts'
import type { Raw } from '../fileobject/raw.ts'
import { end } from '../streams/write.ts'

/** By file: our end of a pipe. */
const pipes: Attached<Pipe> = attached()

/** Our end of a pipe to a child, without a buffer. */
abstract class Pipe implements Raw {
  readonly label: string
  readonly fd: null = null
  readonly disk: null = null
  readonly socket: Socket
  /** Whether another child reads it now. */
  isGivenAway = false

  constructor(socket: Socket, label: string) {
    this.socket = socket
    this.label = label
  }

  read(size: number): Operation<Buffer> {
    return new Recv(this.socket, size, null, undefined) as Operation<Buffer> // it reads into nothing
  }

  readinto(buffer: Uint8Array): Operation<number> {
    const read = this.read(buffer.length)
    return operation('readinto()', function* () {
      const piece = yield* read
      buffer.set(piece)
      const { length } = piece
      free(piece)
      return length
    })
  }

  write(data: Buffer): Operation<void> {
    return new PipeWrite(this.socket, data)
  }

  abstract close(): Operation<void>
  abstract abandon(rest: Buffer): void
}

/** What we write, and a child reads. */
class Inlet extends Pipe {
  override close(): Operation<void> {
    return end(this.socket)
  }

  override abandon(rest: Buffer): void {
    this.socket.end(rest)
  }
}

/** What a child writes, and we read. */
class Outlet extends Pipe {
  override close(): Operation<void> {
    return new Destroying(this.socket)
  }

  override abandon(): void {
    this.socket.destroy()
  }
}

/** Writes what is ours, and frees it when it is out. */
class PipeWrite extends HubOperation<void> {
  readonly #socket: Socket
  readonly #data: Buffer

  constructor(socket: Socket, data: Buffer) {
    super()
    this.#socket = socket
    this.#data = data
  }

  override begin(greenlet: Coroutine): Step<void> {
    const [socket, data] = [this.#socket, this.#data]
    const state = stateOf(socket)
    if (socket.destroyed || socket.writableEnded)
      throw state.failure ?? new StreamClosedError(`${this.toString()}: the pipe to the child is closed.`)
    const isTaken = socket.write(data, () => {
      free(data)
    })
    if (isTaken) return ready(undefined)
    state.hearDrain()
    return new StreamWait(greenlet, state, this.toString()).parkIn(state.senders, undefined)
  }

  override toString(): string {
    return 'write()'
  }
}

class Destroying extends HubOperation<void> {
  readonly #socket: Socket

  constructor(socket: Socket) {
    super()
    this.#socket = socket
  }

  override begin(): Step<void> {
    this.#socket.destroy()
    return ready(undefined)
  }

  override toString(): string {
    return 'close()'
  }
}

/** Fewer bytes are not worth it. */
const WORTH_FREEING = 16_384
/** A port whose other end is closed: what is handed over to it is gone at once. */
let nowhere: MessagePort | null = null

/** Frees the memory of a buffer that nobody uses any more, unless it is a part of a larger one. */
function free({ buffer, length }: Buffer): void {
  if (length < WORTH_FREEING || buffer.byteLength !== length || !(buffer instanceof ArrayBuffer)) return
  if (nowhere === null) {
    const { port1, port2 } = new MessageChannel()
    port2.close()
    port1.unref()
    nowhere = port1
  }
  nowhere.postMessage(null, [buffer])
}

/** A file over our end of a pipe: to be written to, if it is the child's stdin. `encoding` null: bytes. */
export function pipeFile(
  socket: Socket,
  name: 'stdin' | 'stdout' | 'stderr',
  encoding: BufferEncoding | null,
): FileObject<string> | FileObject<Buffer> {
  const label = `the ${name} of a child`
  const pipe = name === 'stdin' ? new Inlet(socket, label) : new Outlet(socket, label)
  const letter = name === 'stdin' ? 'w' : 'r'
  const file =
    encoding === null
      ? new FileObject<Buffer>(pipe, `${letter}b`, { buffering: 0, name })
      : new FileObject(pipe, letter, { buffering: 0, name, encoding })
  pipes.set(file, pipe)
  return file
}

/** Our end of a pipe that `file` is over; null: it is another file. */
export function pipeBehind(file: object): { readonly socket: Socket; isGivenAway: boolean } | null {
  return pipes.get(file) ?? null
}

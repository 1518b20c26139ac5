/**
 * Our ends of a child's pipes, as files.
 *
 * The files read and write at once: what is written to a child is there for it, without a `flush`.
 *
 * Stands on inlets and outlets. Leaves to `start.ts` where the pipes come from.
 */
import type { Socket } from 'node:net'
import { type Attached, attached } from '../../waiting/attached.ts'
import { FileObject } from '../fileobject/file-object.ts'
import { Inlet } from './inlet.ts'
import { Outlet } from './outlet.ts'

/** By file: our end of a pipe that a child writes. */
const outlets: Attached<Outlet> = attached()

/** A file over our end of a pipe: to be written to, if it is the child's stdin. `encoding` null: bytes. */
export function pipeFile(
  socket: Socket,
  name: 'stdin' | 'stdout' | 'stderr',
  encoding: BufferEncoding | null,
): FileObject | FileObject<Buffer> {
  const label = `the ${name} of a child`
  const pipe = name === 'stdin' ? new Inlet(socket, label) : new Outlet(socket, label)
  const letter = name === 'stdin' ? 'w' : 'r'
  const file =
    encoding === null
      ? new FileObject<Buffer>(pipe, `${letter}b`, { buffering: 0, name })
      : new FileObject(pipe, letter, { buffering: 0, name, encoding })
  if (pipe instanceof Outlet) outlets.set(file, pipe)
  return file
}

/** Our end of the pipe that `file` reads; null: it is another file. */
export function outletOf(file: object): Outlet | null {
  return outlets.get(file) ?? null
}

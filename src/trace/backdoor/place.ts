/**
 * Where a backdoor may be: on the loopback of this machine, or at a path that only its owner may open.
 *
 * Whoever gets in may do everything that the process may, so an address that others reach is refused before anything listens.
 *
 * Stands on Node's `net`. Leaves the server to `server.ts`.
 */
import { chmodSync, lstatSync, rmSync } from 'node:fs'
import net from 'node:net'
import { UsageError } from '../../errors/classes.ts'
import { show, wrongRight } from '../../errors/usage.ts'

/**
 * Where a `BackdoorServer` listens: a port of 127.0.0.1, 0 for a free one; an object with the port and a loopback host; or the path of a Unix
 * socket, which has a slash in it.
 */
export type BackdoorPlace =
  | number
  | {
      /** 0: a free one. */
      readonly port: number
      /** One of the loopback. @defaultValue 127.0.0.1 */
      readonly host?: string
    }
  | string

/** The same, checked. */
export type Place =
  | { readonly host: string; readonly port: number; readonly path?: undefined }
  | { readonly path: string }

const CALL = 'new BackdoorServer()'
/** Of the address of a Unix socket: Linux has four more. */
const LONGEST_PATH = 103
const FORMS = "a port, { port, host }, or the path of a Unix socket with a slash in it, such as './backdoor.sock'"

/** Checks where a backdoor is to be. */
export function checkPlace(where: BackdoorPlace): Place {
  if (typeof where === 'number') return { host: '127.0.0.1', port: checkPort(where) }
  if (typeof where === 'string') {
    if (/[/\\]/u.test(where)) return { path: checkPath(where) }
  } else if (typeof where === 'object' && (where as object | null) !== null) {
    const { port, host = '127.0.0.1' } = where
    return { host: checkHost(host), port: checkPort(port) }
  }
  throw new UsageError(`${CALL} expects where it listens to be ${FORMS}, but got ${show(where)}.`)
}

/** A longer path is cut off by the system without a word. */
function checkPath(path: string): string {
  const bytes = Buffer.byteLength(path)
  if (bytes <= LONGEST_PATH || process.platform === 'win32') return path
  throw new UsageError(
    `${CALL} expects the path of a Unix socket to have ${LONGEST_PATH} bytes at most, but got ${bytes}: ${show(path)}.`,
  )
}

function checkPort(port: unknown): number {
  if (typeof port === 'number' && Number.isInteger(port) && port >= 0 && port <= 65_535) return port
  throw new UsageError(`${CALL} expects \`port\` to be an integer from 0 to 65535, but got ${show(port)}.`)
}

function checkHost(host: unknown): string {
  if (host === 'localhost') return '127.0.0.1'
  if (typeof host === 'string' && (host === '::1' || (net.isIPv4(host) && host.startsWith('127.')))) return host
  throw new UsageError(
    `${CALL} listens for this machine alone, and not on ${show(host)}: whoever connects may do all that the process may.\n\n` +
      wrongRight(
        "new BackdoorServer({ port: 4000, host: '0.0.0.0' })",
        'lets others in',
        'new BackdoorServer(4000)',
        'from elsewhere: ssh -L 4000:127.0.0.1:4000 machine',
      ),
  )
}

/** Has `server` listen; for itself alone also in a cluster. */
export async function listen(server: net.Server, place: Place): Promise<void> {
  if (place.path !== undefined) await clear(place.path)
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      const listening = (): void => {
        server.off('error', reject)
        resolve()
      }
      if (place.path === undefined) server.listen({ ...place, exclusive: true }, listening)
      else listenPrivately(server, place.path, listening)
    })
  } catch (error) {
    throw cannotListen(place, error as NodeJS.ErrnoException) // what a server tells
  }
}

/** Binds a socket that only its owner may open: from its first moment on, where the process may say so. */
function listenPrivately(server: net.Server, path: string, listening: () => void): void {
  let before: number | null = null
  try {
    before = process.umask(0o177)
  } catch {
    // A worker thread may not: for the moment until the next line but three the directory is its protection.
  }
  server.listen({ path, exclusive: true }, listening)
  if (before === null) {
    if (server.listening) chmodSync(path, 0o600)
  } else {
    process.umask(before)
  }
}

/** Removes the socket that a server has left behind which is no more; one that somebody answers at stays. */
async function clear(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false })
  if (found === undefined) return
  if (!found.isSocket())
    throw new UsageError(`${CALL} cannot listen at ${path}: what is there is no socket, and stays.`)
  const answers = await new Promise<boolean>((resolve) => {
    const socket = net.connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      resolve(code !== 'ECONNREFUSED')
    })
  })
  if (answers) throw new UsageError(`${CALL} cannot listen at ${path}: somebody does already.`)
  rmSync(path, { force: true })
}

function cannotListen(place: Place, error: NodeJS.ErrnoException): UsageError {
  const { code = error.message } = error
  const at = place.path ?? `${place.host}:${place.port}`
  const why = code === 'EADDRINUSE' ? 'it is taken' : 'it was refused'
  return new UsageError(`${CALL} cannot listen at ${at}: ${why} (${code}).`, { cause: error })
}

// What a server does when accepting fails: it waits, longer each time, or it is over.
import net from 'node:net'
import { type Green, getHub, sleep, spawn } from 'greenloop'
import type { GreenSocket } from 'greenloop/net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { catchReports } from '../../support/reports.ts'
import { virtualHub } from '../../support/virtual-clock.ts'
import { eventually } from '../support.ts'
import { ask, closeAll, listening, made, serving } from './support.ts'

checkLeaks()
closeAll()

function* echo(socket: GreenSocket): Green<void> {
  yield* socket.sendall(yield* socket.recv())
}

/** The error that Node emits when a connection could not be accepted. */
function acceptError(code: string): Error {
  return Object.assign(new Error(`accept ${code}`), { code, syscall: 'accept' })
}

/** What is written to stderr from now on, for the rest of the running test. */
function catchStderr(): string[] {
  const written: string[] = []
  const write = process.stderr.write.bind(process.stderr)
  process.stderr.write = (text: unknown): boolean => written.push(String(text)) > 0
  onTestFinished(() => {
    process.stderr.write = write
  })
  return written
}

describe('an error of accept', () => {
  it('is reported with the server, and the next connection is answered', async () => {
    const reports = catchReports()
    const server = await serving(echo)
    await sleep(1)
    const error = acceptError('EMFILE')
    server.listener.emit('error', error)
    expect(await ask(server, 'after')).toBe('after')
    expect(reports).toEqual([{ name: `<StreamServer at 127.0.0.1:${server.serverPort}, handle=echo, started>`, error }])
  })

  it('has it accept again later: after 10 ms, then twice as long each time, 1000 ms at the most; success begins anew', async () => {
    const listener = await listening()
    const { clock, hub } = virtualHub()
    const times: number[] = []
    hub.onError = () => times.push(clock.time)
    const server = made((socket) => void socket.destroy(), {}, listener)
    server.start()
    clock.run(0)
    for (let n = 0; n < 9; n++) listener.emit('error', acceptError('EMFILE'))
    clock.run()
    expect(times).toEqual([0, 10, 30, 70, 150, 310, 630, 1270, 2270])
    times.length = 0
    clock.run(10_000)
    listener.emit('connection', new net.Socket())
    clock.run(20_000)
    for (let n = 0; n < 3; n++) listener.emit('error', acceptError('EMFILE'))
    clock.run()
    expect(times).toEqual([20_000, 20_010, 20_030])
    server.close()
    clock.run()
  })

  it('has delays as the options say', async () => {
    const listener = await listening()
    const { clock, hub } = virtualHub()
    const times: number[] = []
    hub.onError = () => times.push(clock.time)
    const server = made(() => undefined, { minDelayMs: 3, maxDelayMs: 7 }, listener)
    server.start()
    clock.run(0)
    for (let n = 0; n < 5; n++) listener.emit('error', acceptError('EMFILE'))
    clock.run()
    expect(times).toEqual([0, 3, 9, 16, 23])
    server.close()
    clock.run()
  })

  it('of the spawn function has it wait, too', async () => {
    const listener = await listening()
    const { clock, hub } = virtualHub()
    const times: number[] = []
    hub.onError = () => times.push(clock.time)
    const spawnFails = (): never => {
      throw new Error('no')
    }
    const server = made(() => undefined, { spawn: spawnFails }, listener)
    server.start()
    clock.run(0)
    const sockets = [1, 2, 3].map(() => new net.Socket())
    for (const socket of sockets) listener.emit('connection', socket)
    clock.run()
    expect(times).toEqual([0, 10, 20])
    expect(sockets.every(({ destroyed }) => destroyed)).toBe(true)
    server.close()
    clock.run()
  })

  it.each(['EBADF', 'EINVAL', 'ENOTSOCK'])(
    'that says that there is no listener, %s, is the end of the server',
    async (code) => {
      const written = catchStderr()
      const reports = catchReports()
      const server = await serving(echo)
      const forever = spawn(() => server.serveForever())
      await sleep(1)
      server.listener.emit('error', acceptError(code))
      await forever.get()
      expect([server.closed, server.listener.listening]).toEqual([true, false])
      expect(reports).toMatchObject([{ error: { code } }])
      expect(written).toEqual([
        `ERROR: <StreamServer at 127.0.0.1:${server.serverPort}, handle=echo, started> failed with Error: accept ${code}\n`,
      ])
    },
  )

  it('that is a listener which somebody else has closed is the end of the server', async () => {
    const written = catchStderr()
    catchReports()
    const server = await serving(echo)
    await sleep(1)
    server.listener.close()
    await server.serveForever()
    const where = `127.0.0.1:${server.serverPort}`
    expect(written).toEqual([
      `ERROR: <StreamServer at ${where}, handle=echo, started> failed with SocketClosedError: accept(): the server at ${where} is closed.\n`,
    ])
  })

  it('while it does not accept does not close a server that is stopped meanwhile', async () => {
    const reports = catchReports()
    const server = await serving(echo, { minDelayMs: 60_000 })
    await sleep(1)
    server.listener.emit('error', acceptError('EMFILE'))
    await eventually('it is reported', () => reports.length === 1)
    expect(getHub().timers.count).toBe(1)
    await server.stop()
    await sleep(1)
    expect(getHub().timers.count).toBe(0)
  })
})

it.skipIf(process.platform === 'win32')(
  'when the process has no descriptor left Node drops new connections unseen, and the server goes on',
  async () => {
    expect(await runProgram('../../net/server/programs/no-descriptors.ts')).toEqual({
      stdout: 'dropped\nanswered\nreports: 0\n',
      stderr: '',
      code: 0,
    })
  },
)

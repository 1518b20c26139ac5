// Stopping a server: what is waited for, what is killed, and that nothing is left, whatever the peers do.
import net from 'node:net'
import { type Green, GreenletExit, run, sleep, spawn } from 'greenloop'
import type { GreenSocket } from 'greenloop/net'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { reset } from '../../support/reset.ts'
import { usage } from '../../support/thrown.ts'
import { virtualHub } from '../../support/virtual-clock.ts'
import { eventually, inWait } from '../support.ts'
import { client, closeAll, listening, made, openHandles, serving } from './support.ts'

checkLeaks()
closeAll()

/** A client, when it is connected and its connection is handled. */
async function handled(server: { readonly serverPort: number }, started: () => boolean): Promise<GreenSocket> {
  const socket = client(server)
  await run(function* () {
    yield* socket
  })
  await eventually('it is handled', started)
  return socket
}

async function elapsed(what: () => PromiseLike<unknown>): Promise<number> {
  const began = performance.now()
  await what()
  return performance.now() - began
}

describe('stop()', () => {
  it('leaves handlers running that are in no pool', async () => {
    let state = 'not started'
    const server = await serving(function* (socket): Green<void> {
      state = 'runs'
      yield* socket.sendall(`${String(yield* socket.recv())} after the stop`)
      state = 'over'
    })
    const socket = await handled(server, () => state === 'runs')
    await server.stop()
    expect(state).toBe('runs')
    await run(function* () {
      yield* socket.sendall('answered')
      expect(String(yield* socket.recv())).toBe('answered after the stop')
    })
    await eventually('it is over', () => state === 'over')
  })

  it('waits for handlers that are in the pool', async () => {
    let state = ''
    const server = await serving(
      function* (): Green<void> {
        state = 'runs'
        yield* sleep(15)
        state = 'over'
      },
      { spawn: 5 },
    )
    await handled(server, () => state === 'runs')
    const ms = await elapsed(() => server.stop())
    expect(state).toBe('over')
    expect(ms).toBeLessThan(900)
  })

  it('kills those in the pool that take too long, and closes their connections', async () => {
    const seen: unknown[] = []
    const server = await serving(
      function* (socket): Green<void> {
        seen.push('runs')
        try {
          yield* socket.recv()
        } catch (error) {
          seen.push(error)
          throw error
        }
      },
      { spawn: 5, stopTimeoutMs: 20 },
    )
    const socket = await handled(server, () => seen.length === 1)
    expect(await elapsed(() => server.stop())).toBeGreaterThanOrEqual(19)
    expect(seen[1]).toBeInstanceOf(GreenletExit)
    expect(await socket.recv()).toHaveLength(0)
  })

  it('takes a time of its own', async () => {
    let runs = false
    const server = await serving(
      function* (): Green<void> {
        runs = true
        yield* sleep(60_000)
      },
      { spawn: 5, stopTimeoutMs: 60_000 },
    )
    await handled(server, () => runs)
    await server.stop({ timeoutMs: 5 })
    expect(server.pool?.size).toBe(0)
  })

  it('waits a second more for handlers that do not end when they are killed, and not for ever', async () => {
    const listener = await listening()
    const { clock } = virtualHub()
    const kills: number[] = []
    let stubborn = true
    const server = made(
      function* (socket): Green<void> {
        while (stubborn) {
          try {
            yield* sleep(5)
          } catch {
            kills.push(clock.time)
          }
        }
        socket.destroy()
      },
      { spawn: 5 },
      listener,
    )
    server.start()
    listener.emit('connection', new net.Socket())
    clock.run(100)
    const stopping = spawn(() => server.stop({ timeoutMs: 50 }))
    clock.run(1149)
    expect([kills, stopping.dead]).toEqual([[150], false])
    clock.run(1150)
    expect([stopping.dead, server.pool?.size]).toEqual([true, 1])
    stubborn = false
    clock.run(1200)
    expect(server.pool?.size).toBe(0)
  })

  it('has its effect at the call, also on handlers that take too long', async () => {
    let state = 'not started'
    const server = await serving(
      function* (): Green<void> {
        state = 'runs'
        try {
          yield* sleep(60_000)
        } finally {
          state = 'killed'
        }
      },
      { spawn: 5 },
    )
    await handled(server, () => state === 'runs')
    server.stop({ timeoutMs: 3 })
    expect([server.closed, server.listener.listening, state]).toEqual([true, false, 'runs'])
    await eventually('it is killed', () => state === 'killed')
  })

  it('goes on when the greenlet that waits for it is killed', async () => {
    let state = 'not started'
    const server = await serving(
      function* (): Green<void> {
        state = 'runs'
        try {
          yield* sleep(60_000)
        } finally {
          state = 'killed'
        }
      },
      { spawn: 5 },
    )
    await handled(server, () => state === 'runs')
    const stopping = spawn(() => server.stop({ timeoutMs: 40 }))
    await inWait(stopping)
    await stopping.kill()
    expect(state).toBe('runs')
    await eventually('it is killed', () => state === 'killed')
  })

  it('may be called by a handler in the pool, which is killed like the others if it waits for that', async () => {
    let end: unknown
    const server = await serving(
      function* (): Green<void> {
        try {
          yield* server.stop({ timeoutMs: 5 })
        } catch (error) {
          end = error
          throw error
        }
      },
      { spawn: 5 },
    )
    client(server)
    await server.serveForever()
    await eventually('it is killed', () => end !== undefined)
    expect(end).toBeInstanceOf(GreenletExit)
  })

  it('may be called again, and of a server that was not started', async () => {
    const server = await serving(() => undefined)
    await server.stop()
    await server.stop()
    const other = made(() => undefined)
    await other.stop()
    expect(other.closed).toBe(true)
  })

  it('closes connections that nobody has accepted', async () => {
    const server = await serving(() => undefined)
    server.stopAccepting()
    const sockets = [client(server), client(server)]
    await run(function* () {
      for (const socket of sockets) yield* socket
      yield* sleep(5)
      yield* server.stop()
      for (const socket of sockets) expect(yield* socket.recv()).toHaveLength(0)
    })
    await eventually('nothing is open', () => openHandles().length === 0)
  })

  it('closes connections that wait for a place in the pool', async () => {
    let running = 0
    const server = await serving(
      function* (socket): Green<void> {
        running++
        yield* socket.recv()
      },
      { spawn: 1, stopTimeoutMs: 5 },
    )
    await handled(server, () => running === 1)
    const waiting = client(server)
    await run(function* () {
      yield* waiting
      yield* sleep(5)
    })
    await server.stop()
    expect(running).toBe(1)
    expect(await waiting.recv()).toHaveLength(0)
  })

  it('checks its options', () => {
    const server = made(() => undefined)
    expect(usage(() => server.stop(5 as never))).toBe(
      'stop() expects its options as an object, such as { timeoutMs: 5000 }, but got 5 (number).',
    )
    expect(usage(() => server.serveForever({ timeoutMs: -1 }))).toBe(
      'serveForever() expects `timeoutMs` to be a number of milliseconds, 0 or more, but got -1.',
    )
  })
})

describe('a peer that never reads', () => {
  /** So much that no buffer of the machine takes it. */
  const plenty = Buffer.alloc(16_000_000)

  /** A client that reads nothing. */
  async function deaf(server: { readonly serverPort: number }): Promise<net.Socket> {
    const socket = client(server)
    await new Promise((resolve) => socket.once('connect', resolve))
    return socket
  }

  it('keeps its handler in sendall(), which stop() kills; nothing is left', async () => {
    let state = ''
    const server = await serving(
      function* (socket): Green<void> {
        state = 'sends'
        yield* socket.sendall(plenty)
      },
      { spawn: 5, stopTimeoutMs: 10 },
    )
    const socket = await deaf(server)
    await eventually('it sends', () => state === 'sends')
    await server.stop()
    socket.destroy()
    await eventually('nothing is open', () => openHandles().length === 0)
  })

  it('keeps its connection when the handler has ended, until stop() drops it', async () => {
    let state = ''
    const server = await serving(
      (socket) => {
        state = 'sent'
        socket.write(plenty)
      },
      { stopTimeoutMs: 15 },
    )
    const socket = await deaf(server)
    await eventually('it has sent', () => state === 'sent')
    await sleep(2)
    expect(await elapsed(() => server.stop())).toBeGreaterThanOrEqual(14)
    socket.destroy()
    await eventually('nothing is open', () => openHandles().length === 0)
  })

  it('is dropped by a server that runs on when it has taken nothing for `lingerMs`', async () => {
    const open: GreenSocket[] = []
    const server = await serving(
      (socket) => {
        open.push(socket)
        socket.write(plenty)
      },
      { lingerMs: 20 },
    )
    await deaf(server)
    await eventually('it has sent', () => open.length === 1)
    await eventually('it is dropped', () => open[0]?.destroyed === true)
    expect(server.started).toBe(true)
  })
})

describe('a peer that is silent', () => {
  it('and half-open is ended by stop(): its handler waits in recv()', async () => {
    let state = ''
    const server = await serving(
      function* (socket): Green<void> {
        state = 'waits'
        yield* socket.recv()
      },
      { spawn: 5, stopTimeoutMs: 5 },
    )
    const socket = client(server, { allowHalfOpen: true })
    await eventually('it waits', () => state === 'waits')
    await server.stop()
    socket.destroy()
    await eventually('nothing is open', () => openHandles().length === 0)
  })

  it('and has gone with a reset ends its handler', async () => {
    let error: unknown
    let state = ''
    const server = await serving(function* (socket): Green<void> {
      try {
        state = 'waits'
        yield* socket.recv()
      } catch (err) {
        error = err
      }
    })
    const socket = client(server)
    await eventually('it waits', () => state === 'waits')
    reset(socket)
    await eventually('it is told', () => error !== undefined)
    expect(error).toMatchObject({ code: 'ECONNRESET' })
  })
})

describe('a program', () => {
  it('with a server that is stopped comes to its end by itself', async () => {
    expect(await runProgram('../../net/server/programs/stops.ts')).toEqual({
      stdout: 'answered\nstopped\n',
      stderr: '',
      code: 0,
    })
  })

  it('that serves for ever is ended by Ctrl-C: the handlers get to their `finally`', async () => {
    expect(await runProgram('../../net/server/programs/serves.ts', { signal: 'SIGINT' })).toEqual({
      stdout: 'ready\nthe handler ends\nthe server is closed: true\n',
      stderr: '',
      code: 130,
    })
  })
})

// The live console as an object: opening, closing, what it leaves behind, and that it keeps nobody.
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { Greenlet, getHub, run, sleep, spawn, UsageError } from 'greenloop'
import { type LiveConsole, openConsole } from 'greenloop/trace'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { kernel } from '../../../src/greenlet/kernel.ts'
import { Hub } from '../../../src/hub/hub.ts'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { rejection, usage } from '../../support/thrown.ts'

checkLeaks()

async function look({ port, token }: LiveConsole): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/state`, { headers: { 'x-greenloop-token': token } })
  await answer.text()
  return answer.status
}

describe('openConsole', () => {
  it('opens it in a greenlet with yield*, and in plain code with await', async () => {
    const inGreenlet = await run(function* () {
      return yield* openConsole()
    })
    using live = inGreenlet
    using other = await openConsole()
    expect(live.port).not.toBe(other.port)
    expect(live.token).not.toBe(other.token)
    expect([await look(live), await look(other)]).toEqual([200, 200])
  })

  it('does nothing before it is driven, and opens another one each time it is', async () => {
    const open = openConsole()
    using first = await open
    using second = await open
    expect(first.port).not.toBe(second.port)
  })

  it('listens where it is told to', async () => {
    const probe = await openConsole()
    probe.close()
    using live = await openConsole({ port: probe.port })
    expect(live.port).toBe(probe.port)
  })

  it('leaves nothing open when it is given up on the way', async () => {
    const probe = await openConsole()
    probe.close()
    const opener = spawn(() => openConsole({ port: probe.port }))
    await sleep(0)
    await opener.kill()
    await vi.waitFor(async () => {
      using live = await openConsole({ port: probe.port })
      expect(await look(live)).toBe(200)
    })
  })

  it('says in one line that the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as AddressInfo
    const error = await rejection(openConsole({ port }))
    expect(error).toBeInstanceOf(UsageError)
    expect(error).toMatchObject({
      message: `openConsole() cannot listen on 127.0.0.1:${port}: the port is taken (EADDRINUSE).`,
      cause: { code: 'EADDRINUSE' },
    })
  })

  it('refuses options that make no sense', () => {
    expect(usage(() => openConsole({ port: -1 }))).toBe(
      'openConsole() expects `port` to be an integer from 0 to 65535, but got -1 (number).',
    )
    expect(usage(() => openConsole({ port: '80' as never }))).toBe(
      'openConsole() expects `port` to be an integer from 0 to 65535, but got "80" (string).',
    )
    expect(usage(() => openConsole({ kill: 1 as never }))).toBe(
      'openConsole() expects `kill` to be a boolean, but got 1 (number).',
    )
    expect(usage(() => openConsole({ hub: {} as never }))).toBe(
      'openConsole() expects `hub` to be a Hub, but got an Object.',
    )
    expect(usage(() => openConsole({ everyMs: 10 }))).toBe(
      'openConsole() expects `everyMs` to be a number of milliseconds from 50 to 60000, but got 10 (number).',
    )
    expect(usage(() => openConsole(80 as never))).toBe(
      'openConsole() expects its options as an object, such as { port: 8080 }, but got 80 (number).',
    )
  })
})

describe('an open console', () => {
  it('has the hub watched from the first look on, and not before', async () => {
    using live = await openConsole()
    const page = await fetch(live.url)
    await page.text()
    expect([live.isWatched, kernel.tracer, getHub().observer]).toEqual([false, null, null])
    await look(live)
    expect(live.isWatched).toBe(true)
    expect(kernel.tracer).not.toBe(null)
    expect(getHub().observer).not.toBe(null)
  })

  it('looks at the hub that it was given', async () => {
    const hub = new Hub()
    using live = await openConsole({ hub })
    await look(live)
    expect([hub.observer === null, getHub().observer]).toEqual([false, null])
  })

  it('outlives what the program throws at it, and says so', async () => {
    let isStubborn = true
    class Stubborn extends Greenlet {
      override kill(...args: Parameters<Greenlet['kill']>): ReturnType<Greenlet['kill']> {
        if (isStubborn) throw new Error('I will not')
        return super.kill(...args)
      }
    }
    using live = await openConsole({ kill: true })
    const stubborn = new Stubborn(() => sleep(60_000))
    stubborn.start()
    const ask = async (path: string, method: string): Promise<Response> =>
      await fetch(`http://127.0.0.1:${live.port}${path}`, {
        method,
        headers: { 'x-greenloop-token': live.token, origin: `http://127.0.0.1:${live.port}` },
      })
    const { rows } = (await (await ask('/state', 'GET')).json()) as { rows: { id: number }[] }
    const answer = await ask(`/kill/${rows[1]!.id}`, 'POST')
    expect([answer.status, await answer.text()]).toEqual([500, 'Error: I will not\n'])
    isStubborn = false
    await stubborn.kill()
  })

  it('counts as no work of the hub, and stands in no list', async () => {
    using live = await openConsole()
    await look(live)
    const hub = getHub()
    expect([hub.outstanding, hub.timers.count, hub.living().length]).toEqual([0, 0, 0])
  })

  it('keeps no process alive, not even while a page is connected', async () => {
    const { stdout, stderr, code } = await runProgram('../../trace/console/programs/open.ts', { args: ['ends'] })
    expect([stdout, stderr, code]).toEqual(['HTTP/1.1 200 OK watched\n', '', 0])
  })

  it('does the same where http, net and all the rest are patched', async () => {
    const { stdout, stderr, code } = await runProgram('../../trace/console/programs/open.ts', { args: ['patched'] })
    expect([stdout, stderr, code]).toEqual(['HTTP/1.1 200 OK watched\n', '', 0])
  })

  it('hides no deadlock', async () => {
    const { stdout, stderr, code } = await runProgram('../../trace/console/programs/open.ts', { args: ['deadlock'] })
    expect([stdout, code]).toEqual(['HTTP/1.1 200 OK watched\n', 1])
    expect(stderr).toContain('LoopExit: main waits in event.wait(), and nothing is left that could wake it')
  })
})

describe('closing it', () => {
  it('leaves no observer, no watcher and no connection behind, and is done once', async () => {
    const live = await openConsole()
    await look(live)
    const socket = connect(live.port, '127.0.0.1')
    await new Promise((resolve) => socket.once('connect', resolve))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    live.close()
    live.close()
    expect([live.isWatched, kernel.tracer, getHub().observer]).toEqual([false, null, null])
    await closed
    const refused = (await rejection(fetch(live.url))) as { cause: { code: string } }
    expect(refused.cause.code).toBe('ECONNREFUSED')
  })

  it('is what using does', async () => {
    const scope = async (): Promise<number> => {
      using live = await openConsole()
      await look(live)
      return live.port
    }
    const port = await scope()
    expect(kernel.tracer).toBe(null)
    using again = await openConsole({ port })
    expect(again.port).toBe(port)
  })
})

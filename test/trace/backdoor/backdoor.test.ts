// The backdoor: who gets in, what a session can do, and that neither keeps anything alive.
import { existsSync, lstatSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Event, getHub, run, sleep, spawn, spawnWith } from 'greenloop'
import { BackdoorServer } from 'greenloop/trace'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'
import { runProgram } from '../../support/program.ts'
import { rejection, usage } from '../../support/thrown.ts'

checkLeaks()

const TOKEN = 'open sesame'
const PROMPT = '> '

/** Somebody at the door. */
class Caller {
  readonly #socket: net.Socket
  #heard = ''
  /** When the connection has ended: all that was heard since the last answer. */
  readonly end: Promise<string>
  #onData = (): void => undefined

  constructor({ address }: BackdoorServer) {
    this.#socket = typeof address === 'string' ? net.connect(address) : net.connect(address[1], address[0])
    this.#socket.setEncoding('utf8').on('data', (text: string) => {
      this.#heard += text
      this.#onData()
    })
    this.#socket.on('error', () => undefined)
    this.end = new Promise((resolve) => {
      this.#socket.on('close', () => {
        resolve(this.#heard)
      })
    })
    onTestFinished(() => void this.#socket.destroy())
  }

  /** Sends lines, and waits until what was heard ends with `ending`; answers it. */
  async say(text: string, ending = PROMPT): Promise<string> {
    this.#socket.write(`${text}\n`)
    return await this.hear(ending)
  }

  /** Waits until what was heard ends with `ending`; answers it. */
  async hear(ending: string): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#onData = () => {
        if (this.#heard.endsWith(ending)) resolve()
      }
      this.#onData()
    })
    const heard = this.#heard
    this.#heard = ''
    return heard
  }

  send(text: string): void {
    this.#socket.write(text)
  }

  /** Sends a last line. */
  hangUp(text: string): void {
    this.#socket.end(`${text}\n`)
  }
}

async function open(
  where: ConstructorParameters<typeof BackdoorServer>[0] = 0,
  options: ConstructorParameters<typeof BackdoorServer>[1] = {},
): Promise<BackdoorServer> {
  const server = new BackdoorServer(where, { token: TOKEN, banner: 'Welcome.', ...options })
  onTestFinished(() => {
    server.stop()
  })
  await server.start()
  return server
}

/** One who was let in. */
async function enter(server: BackdoorServer): Promise<Caller> {
  const caller = new Caller(server)
  await caller.hear('token: ')
  await caller.say(TOKEN)
  return caller
}

/** A path for a socket, in a folder of its own. */
function path(): string {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-'))
  onTestFinished(() => {
    rmSync(folder, { recursive: true })
  })
  return join(folder, 'backdoor.sock')
}

function umask(): number {
  return process.umask() // eslint-disable-line @typescript-eslint/no-deprecated -- nobody else runs here
}

describe('the gate', () => {
  it('asks for the token, and lets in who has it', async () => {
    const caller = new Caller(await open())
    expect(await caller.hear('token: ')).toBe('token: ')
    expect(await caller.say(TOKEN)).toBe('Welcome.\n> ')
    expect(await caller.say('1 + 1')).toBe('2\n> ')
  })

  it('takes what follows the token for the first line', async () => {
    const caller = new Caller(await open())
    expect(await caller.say(`${TOKEN}\r\n6 * 7`, '42\n> ')).toBe('token: Welcome.\n> 42\n> ')
  })

  it('evaluates nothing before, and ends the connection at the third wrong line', async () => {
    const touched: string[] = []
    const caller = new Caller(await open(0, { locals: { touched } }))
    await caller.hear('token: ')
    expect(await caller.say("touched.push('first')", 'token: ')).toBe('That is not the token.\ntoken: ')
    expect(await caller.say("process.exit(); touched.push('second')", 'token: ')).toBe(
      'That is not the token.\ntoken: ',
    )
    await caller.say(`${TOKEN} `, '\nThat is not the token.\n')
    await caller.end
    expect(touched).toEqual([])
  })

  it('lets in at the third line, too', async () => {
    const caller = new Caller(await open())
    expect(await caller.say(`one\ntwo\n${TOKEN}`)).toBe(
      'token: That is not the token.\ntoken: That is not the token.\ntoken: Welcome.\n> ',
    )
  })

  it('ends who sends what a browser sends', async () => {
    const caller = new Caller(await open())
    caller.hangUp(`POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n${TOKEN}`)
    expect(await caller.end).toBe(
      'token: That is not the token.\ntoken: That is not the token.\ntoken: \nThat is not the token.\n',
    )
  })

  it('ends who sends no line', async () => {
    const caller = new Caller(await open())
    caller.send('x'.repeat(2000))
    expect(await caller.end).toBe('token: \nThat is not the token.\n')
  })

  it('ends who takes too long', async () => {
    const caller = new Caller(await open(0, { tokenWithinMs: 10 }))
    expect(await caller.end).toBe('token: \nNo token came in time.\n')
  })

  it('has a token of 32 characters of its own, another one each time', () => {
    const tokens = [new BackdoorServer(0).token, new BackdoorServer(0).token]
    expect(tokens).toEqual([expect.stringMatching(/^[\w-]{32}$/u), expect.stringMatching(/^[\w-]{32}$/u)])
    expect(tokens[0]).not.toBe(tokens[1])
  })
})

describe('a session', () => {
  it('awaits, spawns, shows what it is given, and says what fails', async () => {
    const caller = await enter(await open(0, { locals: { app: { name: 'shop' } } }))
    expect(await caller.say('app')).toBe("{ name: 'shop' }\n> ")
    expect(await caller.say('console.log("to whom?")')).toBe('to whom?\n> ')
    expect(await caller.say('await sleep(1)')).toBe('> ')
    expect(await caller.say('await spawn(() => 6 * 7).get()')).toBe('42\n> ')
    expect(await caller.say('const work = spawn(function* work() { yield* sleep(1); return "done" })')).toBe('> ')
    expect(await caller.say('await work.get()')).toBe("'done'\n> ")
    caller.send('function twice(n) {\n')
    expect(await caller.say('return 2 * n }')).toMatch(/^(?:\.\.\.|\|) > $/u)
    expect(await caller.say('twice(4)')).toBe('8\n> ')
    expect(await caller.say('nobody')).toBe('Uncaught ReferenceError: nobody is not defined\n> ')
    expect(await caller.say('throw new Error("broken")')).toBe('Uncaught Error: broken\n> ')
  })

  it('hears of what fails later, and the process does not', async () => {
    const caller = await enter(await open())
    caller.hangUp('Promise.reject(new RangeError("left alone"))')
    expect(await caller.end).toMatch(/\n> Uncaught \(in promise\) RangeError: left alone\n/u)
  })

  it('lists the greenlets', async () => {
    const caller = await enter(await open())
    expect(await caller.say('.greenlets')).toBe('No greenlet lives.\n> ')
    const event = new Event()
    const greenlets = [spawnWith({ name: 'waiter' }, () => event.wait()), spawnWith({ name: 'sleeper' }, sleep, 60_000)]
    await sleep(0)
    const [one, other] = greenlets.map(({ minimalIdent }) => minimalIdent)
    expect(await caller.say('.greenlets')).toBe(
      `${one}  waiter   waiting in event.wait()\n${other}  sleeper  waiting in sleep(60000)\n> `,
    )
    for (const greenlet of greenlets) greenlet.kill()
    await sleep(0)
  })

  it('draws the tree', async () => {
    const caller = await enter(await open())
    const event = new Event()
    const waiter = spawnWith({ name: 'waiter' }, () => event.wait())
    await sleep(0)
    expect(await caller.say('.tree')).toMatch(/^.*main .*\n.*waiter +waiting in event\.wait\(\)\n> $/su)
    event.set()
    await waiter.join()
  })

  it('kills by name or number, and says when it is not clear whom', async () => {
    const caller = await enter(await open())
    const make = (name: string) => spawnWith({ name }, sleep, 60_000)
    const [one, two, three] = [make('worker'), make('twin'), make('twin')]
    await sleep(0)
    const twins = [two.minimalIdent, three.minimalIdent]
    expect(await caller.say('.kill')).toBe('Whom? .kill <name or number>; .greenlets lists them.\n> ')
    expect(await caller.say('.kill nobody')).toBe('No living greenlet has the name or the number "nobody".\n> ')
    expect(await caller.say('.kill worker')).toBe(`worker (${one.minimalIdent}) is killed.\n> `)
    expect(await caller.say('.kill twin')).toBe(
      `2 greenlets are called "twin"; take a number: ${twins.join(', ')}.\n> `,
    )
    expect(await caller.say(`.kill ${twins[1]}`)).toBe(`twin (${twins[1]}) is killed.\n> `)
    await sleep(0)
    expect([one, two, three].map(({ dead }) => dead)).toEqual([true, false, true])
    two.kill()
    await two.join()
  })

  it('has the commands in its help, and finds its names again after .clear', async () => {
    const caller = await enter(await open(0, { locals: { here: 1 } }))
    const help = await caller.say('.help')
    expect(help.split('\n').filter((line) => /^\.(?:greenlets|tree|kill|exit)/u.test(line))).toEqual([
      '.exit        Exit the REPL',
      '.greenlets   List the living greenlets, with number, state and wait',
      '.kill        Kill a greenlet: .kill <name or number>',
      '.tree        Draw the tree of greenlets, by who has spawned whom',
    ])
    expect(await caller.say('.clear')).toBe('Clearing context...\n> ')
    expect(await caller.say('[here, typeof spawn]')).toBe("[ 1, 'function' ]\n> ")
  })

  it.each(['quit()', 'exit()', 'process.exit()', 'process.exit(3)', '.exit'])(
    'ends by %s, and nothing else does',
    async (line) => {
      const server = await open()
      const [caller, other] = [await enter(server), await enter(server)]
      void caller.say(line)
      await caller.end
      expect(await other.say('process.pid')).toBe(`${process.pid}\n> `)
    },
  )

  it('ends when its peer has ended, after the last answer', async () => {
    const caller = new Caller(await open())
    caller.hangUp(`${TOKEN}\nawait sleep(5); 'late'`)
    expect(await caller.end).toMatch(/^token: Welcome\.\n> 'late'\n(?:> )?$/u)
  })

  it('is one of several, which share the process and not their names', async () => {
    const shared: number[] = []
    const server = await open(0, { locals: { shared } })
    const [one, other] = [await enter(server), await enter(server)]
    await one.say('const mine = 1; shared.push(mine)')
    expect(await other.say('shared')).toBe('[ 1 ]\n> ')
    expect(await other.say('typeof mine')).toBe("'undefined'\n> ")
  })
})

describe('where it listens', () => {
  it('is 127.0.0.1, at the port that was free', async () => {
    const server = await open()
    expect(server.address).toEqual(['127.0.0.1', expect.any(Number)])
    expect(String(server)).toBe(`<BackdoorServer at 127.0.0.1:${(server.address as [string, number])[1]}>`)
  })

  it.each(['localhost', '127.0.0.2', '127.0.0.1'])('may be %s', async (host) => {
    const server = await open({ port: 0, host })
    expect(server.address[0]).toBe(host === 'localhost' ? '127.0.0.1' : host)
  })

  it('is no host that others reach', () => {
    expect(usage(() => new BackdoorServer({ port: 4000, host: '0.0.0.0' }))).toBe(
      'new BackdoorServer() listens for this machine alone, and not on "0.0.0.0" (string): whoever connects may do all that the process may.\n\n' +
        "  new BackdoorServer({ port: 4000, host: '0.0.0.0' })   // incorrect: lets others in\n" +
        '  new BackdoorServer(4000)                              // correct: from elsewhere: ssh -L 4000:127.0.0.1:4000 machine',
    )
  })

  it.each(['::', '192.168.0.1', 'example.org', '', '127.0.0.1.example.org', 7])('is not %s', (host) => {
    expect(usage(() => new BackdoorServer({ port: 0, host: host as never }))).toMatch(
      /^new BackdoorServer\(\) listens for this machine alone/u,
    )
  })

  it.each([
    [
      `/${'x'.repeat(103)}`,
      `the path of a Unix socket to have 103 bytes at most, but got 104: "/${'x'.repeat(38)}…" (string).`,
    ],
    [-1, '`port` to be an integer from 0 to 65535, but got -1 (number).'],
    [{ port: '80' }, '`port` to be an integer from 0 to 65535, but got "80" (string).'],
    [
      '4000',
      'where it listens to be a port, { port, host }, or the path of a Unix socket with a slash in it, such as \'./backdoor.sock\', but got "4000" (string).',
    ],
    [
      null,
      "where it listens to be a port, { port, host }, or the path of a Unix socket with a slash in it, such as './backdoor.sock', but got null.",
    ],
  ])('is told at the call when it is none: %j', (where, rest) => {
    expect(usage(() => new BackdoorServer(where as never))).toBe(`new BackdoorServer() expects ${rest}`)
  })

  it('is told in one line when it is taken, and may be tried again', async () => {
    const [, port] = (await open()).address as [string, number]
    const second = new BackdoorServer(port)
    const error = await rejection(second.start())
    expect(error).toMatchObject({
      name: 'UsageError',
      message: `new BackdoorServer() cannot listen at 127.0.0.1:${port}: it is taken (EADDRINUSE).`,
      cause: { code: 'EADDRINUSE' },
    })
    expect([second.started, second.address]).toEqual([false, ['127.0.0.1', port]])
  })
})

describe('a Unix socket', () => {
  it('may be opened by its owner alone, and is gone when the server is stopped', async () => {
    const place = path()
    const before = umask()
    const server = await open(place)
    expect([server.address, lstatSync(place).mode & 0o777, umask()]).toEqual([place, 0o600, before])
    expect(await (await enter(server)).say('1')).toBe('1\n> ')
    server.stop()
    expect(existsSync(place)).toBe(false)
  })

  it('needs no token, if that is asked for', async () => {
    const caller = new Caller(await open(path(), { token: null }))
    expect(await caller.hear(PROMPT)).toBe('Welcome.\n> ')
  })

  it('that a dead process has left behind is replaced', async () => {
    const place = path()
    const end = await runProgram('../../trace/backdoor/programs/leaves-socket.ts', { args: [place] })
    expect([end, lstatSync(place).isSocket()]).toEqual([{ stdout: '', stderr: '', code: null }, true])
    expect(await (await enter(await open(place))).say('2')).toBe('2\n> ')
  })

  it('at which somebody answers is not taken', async () => {
    const place = path()
    const first = await open(place)
    expect(await rejection(new BackdoorServer(place).start())).toMatchObject({
      name: 'UsageError',
      message: `new BackdoorServer() cannot listen at ${place}: somebody does already.`,
    })
    expect(await (await enter(first)).say('3')).toBe('3\n> ')
  })

  it('does not replace a file', async () => {
    const place = path()
    writeFileSync(place, 'precious')
    expect(await rejection(new BackdoorServer(place).start())).toMatchObject({
      message: `new BackdoorServer() cannot listen at ${place}: what is there is no socket, and stays.`,
    })
  })

  it('cannot be where there is no folder', async () => {
    expect(await rejection(new BackdoorServer('/no/such/folder/socket').start())).toMatchObject({
      message: expect.stringMatching(
        /^new BackdoorServer\(\) cannot listen at \/no\/such\/folder\/socket: it was refused \(E[A-Z]+\)\.$/u,
      ),
    })
  })
})

describe('wrong options', () => {
  it.each([
    [
      { token: null },
      'can do without a token at a Unix socket only: a port of this machine is open to all its users, and to the pages in their browsers.',
    ],
    [{ token: 'short' }, 'expects `token` to be a line of 8 characters or more, or null, but got one of 5.'],
    [
      { token: 'two\nlines of it' },
      'expects `token` to be a line of 8 characters or more, or null, but got one of 15.',
    ],
    [{ token: 7 }, 'expects `token` to be a line of 8 characters or more, or null, but got 7 (number).'],
    [{ banner: 7 }, 'expects `banner` to be a string, but got 7 (number).'],
    [{ locals: 7 }, 'expects `locals` to be an object, such as { app }, but got 7 (number).'],
    [{ tokenWithinMs: -1 }, 'expects `tokenWithinMs` to be a number of milliseconds, 0 or more, but got -1.'],
    [7, 'expects its options as an object, such as { locals: { app } }, but got 7 (number).'],
  ])('are told at the call: %j', (options, rest) => {
    expect(usage(() => new BackdoorServer(0, options as never))).toBe(`new BackdoorServer() ${rest}`)
  })
})

describe('its life', () => {
  it('starts once, ends with all its sessions, and can start again', async () => {
    const server = await open()
    await server.start()
    const callers = [await enter(server), new Caller(server)]
    await callers[1]!.hear('token: ')
    server.stop()
    server.stop()
    expect(await Promise.all(callers.map(({ end }) => end))).toEqual([
      '\nThe backdoor is closed.\n',
      '\nThe backdoor is closed.\n',
    ])
    expect(server.started).toBe(false)
    await server.start()
    expect(await (await enter(server)).say('4')).toBe('4\n> ')
  })

  it('ends at the end of a block that uses it', async () => {
    let used: BackdoorServer
    {
      using server = new BackdoorServer(0)
      await server.start()
      used = server
    }
    expect(used.started).toBe(false)
  })

  it('counts among nothing that is outstanding, and serves until it is stopped when asked to', async () => {
    const server = await open()
    const waiting = run(function* () {
      const serving = spawn(() => server.serveForever())
      yield* sleep(5)
      const during = getHub().outstanding
      server.stop()
      yield* serving.join()
      return [during, getHub().outstanding]
    })
    expect(await waiting).toEqual([1, 0])
  })

  it('serves no more for one who was killed meanwhile', async () => {
    const server = await open()
    const serving = spawn(() => server.serveForever())
    await sleep(5)
    await serving.kill()
    expect([server.started, getHub().outstanding]).toEqual([true, 0])
  })

  it('keeps no process alive, nor do its sessions', async () => {
    const { stdout, code } = await runProgram('../../trace/backdoor/programs/backdoor.ts', { args: ['idle'] })
    expect([stdout, code]).toEqual(['connected\nend of program\n', 0])
  })

  it('keeps it alive while somebody waits for it', async () => {
    const { stdout, code } = await runProgram('../../trace/backdoor/programs/backdoor.ts', { args: ['forever'] })
    expect([stdout, code]).toEqual(['connected\nserved\nend of program\n', 0])
  })

  it('is open while main waits in vain, who is told so', async () => {
    const { stdout, stderr, code } = await runProgram('../../trace/backdoor/programs/backdoor.ts', { args: ['vain'] })
    expect(stdout).toBe('connected\n')
    expect(stderr).toContain('main waits in event.wait(), and nothing is left that could wake it')
    expect(code).toBe(1)
  })

  it('leaves the process alone when code of a session fails later', async () => {
    const { stdout, code } = await runProgram('../../trace/backdoor/programs/backdoor.ts', { args: ['later'] })
    expect([stdout, code]).toEqual(['connected\nUncaught Error: later\n> 1\nend of program\n', 0])
  })
})

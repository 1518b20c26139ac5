// Who may ask the live console for what: forged hosts, origins, methods and tokens, sent as they are, without a browser.
import { type IncomingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { sleep, spawn } from 'greenloop'
import { type LiveConsole, openConsole } from 'greenloop/trace'
import { describe, expect, it } from 'vitest'
import { checkLeaks } from '../../support/leaks.ts'

checkLeaks()

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

interface Question {
  readonly path?: string
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Asks the console, by its own name and nothing else unless that is said. */
function ask(live: LiveConsole, { path = '/', method = 'GET', headers = {}, body }: Question): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        port: live.port,
        path,
        method,
        agent: false,
        setHost: false,
        headers: { host: `127.0.0.1:${live.port}`, ...headers },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }))
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

const state = (live: LiveConsole): Question => ({ path: '/state', headers: { 'x-greenloop-token': live.token } })
const page = (live: LiveConsole): Question => ({ path: `/?token=${live.token}` })

describe('a request to the console', () => {
  it('is answered when it has the token: in the address for the page, in a header for all else', async () => {
    using live = await openConsole()
    expect(live.url).toBe(`http://127.0.0.1:${live.port}/?token=${live.token}`)
    expect(live.token).toMatch(/^[\w-]{32}$/u)
    expect(await ask(live, page(live))).toMatchObject({ status: 200, text: expect.stringMatching(/^<!doctype html>/u) })
    const { status, text } = await ask(live, state(live))
    expect([status, (JSON.parse(text) as { pid: number }).pid]).toEqual([200, process.pid])
  })

  it.each([
    ['evil.example', 'another name'],
    ['127.0.0.1', 'no port'],
    ['127.0.0.1:1', 'another port'],
    ['localhost.evil.example:PORT', 'a longer name'],
    ['[::1]:PORT', 'another address of this machine'],
    ['', 'nothing'],
  ])('is refused with Host "%s": %s', async (host) => {
    using live = await openConsole()
    for (const { path, headers } of [page(live), state(live)] as const) {
      const answer = await ask(live, {
        path: path!,
        headers: { ...headers, host: host.replace('PORT', String(live.port)) },
      })
      expect(answer).toMatchObject({
        status: 421,
        text: `This console is at 127.0.0.1:${live.port}, and answers to no other name.\n`,
      })
    }
  })

  it.each(['localhost', 'LOCALHOST'])('is answered with Host "%s" and the port', async (name) => {
    using live = await openConsole()
    const answer = await ask(live, { ...page(live), headers: { host: `${name}:${live.port}` } })
    expect(answer.status).toBe(200)
  })

  const missing = 'The token is missing or wrong: open the whole address that was printed, from http to its end.\n'

  it('is refused without the token, and with another one, whatever it asks for', async () => {
    using live = await openConsole({ kill: true })
    const wrong = `${live.token.slice(0, -1)}${live.token.endsWith('A') ? 'B' : 'A'}`
    const questions: Question[] = [
      {},
      { path: '/?token=' },
      { path: `/?token=${wrong}` },
      { path: `/?token=${live.token}${live.token}` },
      { path: '/state' },
      { path: '/state', headers: { 'x-greenloop-token': wrong } },
      { path: '/nothing' },
      { path: '/favicon.ico' },
      { path: '/kill/1', method: 'POST' },
      { path: '/kill/1', method: 'POST', headers: { 'x-greenloop-token': '' } },
    ]
    for (const question of questions) {
      const { status, text } = await ask(live, question)
      expect([question, status, text]).toEqual([question, 403, missing])
    }
  })

  it('is refused when the token stands where it might be sent along unasked: in the address of anything but the page, in a cookie', async () => {
    using live = await openConsole({ kill: true })
    const questions: Question[] = [
      { path: `/state?token=${live.token}` },
      { path: `/kill/1?token=${live.token}`, method: 'POST' },
      { headers: { cookie: `token=${live.token}` } },
      { headers: { 'x-greenloop-token': live.token } },
    ]
    for (const question of questions) expect((await ask(live, question)).status).toBe(403)
  })

  it.each(['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])('is refused with the method %s', async (method) => {
    using live = await openConsole()
    const answer = await ask(live, { ...state(live), method })
    expect([answer.status, answer.headers.allow]).toEqual([405, 'GET, POST'])
    if (method !== 'HEAD') expect(answer.text).toBe('Only GET and POST are answered.\n')
  })

  it('is refused when it names another server, or a path that there is not, or brings something along', async () => {
    using live = await openConsole()
    const headers = { 'x-greenloop-token': live.token }
    expect(await ask(live, { path: 'http://evil.example/state', headers })).toMatchObject({
      status: 400,
      text: 'This is no path.\n',
    })
    expect(await ask(live, { path: '/secret', headers })).toMatchObject({
      status: 404,
      text: 'There is the page, /, and what it asks for.\n',
    })
    expect(await ask(live, { path: '/state', method: 'POST', headers })).toMatchObject({
      status: 404,
      text: 'Only a kill is asked for by POST: /kill/ and the number of a greenlet.\n',
    })
    expect(await ask(live, { path: '/kill/1', method: 'POST', headers, body: 'x' })).toMatchObject({
      status: 413,
      text: 'Nothing that is sent along is read.\n',
    })
  })

  it('is refused when a page of another origin asks', async () => {
    using live = await openConsole()
    for (const origin of ['http://evil.example', 'null', `https://127.0.0.1:${live.port}`, 'http://127.0.0.1:1']) {
      const { path, headers } = state(live)
      expect(await ask(live, { path: path!, headers: { ...headers, origin } })).toMatchObject({
        status: 403,
        text: 'Only the page of this console may ask for that.\n',
      })
    }
  })

  it('is none when it is no HTTP', async () => {
    using live = await openConsole()
    const text = await new Promise<string>((resolve) => {
      const socket = connect(live.port, '127.0.0.1', () => socket.write('hello\r\n\r\n'))
      let all = ''
      socket.setEncoding('utf8').on('data', (piece: string) => {
        all += piece
      })
      socket.on('close', () => resolve(all))
    })
    expect(text).toMatch(/^HTTP\/1\.1 400 /u)
  })
})

describe('an answer of the console', () => {
  it('is kept by nobody, framed by nobody, and says where it came from to nobody', async () => {
    using live = await openConsole()
    for (const question of [page(live), state(live), { path: '/nothing' }]) {
      expect((await ask(live, question)).headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      })
    }
  })

  it('lets its own script and style run and nothing else, by a number that each page has for itself', async () => {
    using live = await openConsole()
    const [first, second] = [await ask(live, page(live)), await ask(live, page(live))]
    const policy = String(first.headers['content-security-policy'])
    const [, nonce] = /script-src 'nonce-([^']+)';/u.exec(policy)!
    expect(policy).toBe(
      `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; ` +
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    )
    expect(first.text.match(/<(?:script|style)[^>]*>/gu)).toEqual([
      `<style nonce="${nonce}">`,
      `<script nonce="${nonce}">`,
    ])
    expect(second.headers['content-security-policy']).not.toBe(policy)
    expect(first.text).not.toContain(live.token)
  })
})

describe('a kill', () => {
  const kill = (live: LiveConsole, id: number | string, headers: Record<string, string> = {}): Question => ({
    path: `/kill/${id}`,
    method: 'POST',
    headers: { 'x-greenloop-token': live.token, origin: `http://127.0.0.1:${live.port}`, ...headers },
  })
  const idOf = async (live: LiveConsole, name: string): Promise<number> => {
    const { rows } = JSON.parse((await ask(live, state(live))).text) as { rows: { id: number; name: string }[] }
    return rows.find((row) => row.name === name)!.id
  }

  it('is refused when it was not allowed, and the answer says how to allow it', async () => {
    using live = await openConsole()
    const greenlet = spawn(function* patient() {
      yield* sleep(60_000)
    })
    const answer = await ask(live, kill(live, await idOf(live, greenlet.name)))
    expect(answer).toMatchObject({
      status: 403,
      text: 'Killing is off. To allow it: openConsole({ kill: true }), or greenloop run --console --console-kill.\n',
    })
    expect(greenlet.dead).toBe(false)
    await greenlet.kill()
  })

  it('is refused without the Origin of the page, and with another one', async () => {
    using live = await openConsole({ kill: true })
    const { headers, ...rest } = kill(live, 1)
    const { origin: _, ...without } = headers!
    const refused = { status: 403, text: 'Only the page of this console may ask for that.\n' }
    expect(await ask(live, { ...rest, headers: without })).toMatchObject(refused)
    expect(await ask(live, kill(live, 1, { origin: 'http://evil.example' }))).toMatchObject(refused)
    // The two names of the machine are two origins, too.
    expect(await ask(live, kill(live, 1, { origin: `http://localhost:${live.port}` }))).toMatchObject(refused)
  })

  it('is refused by GET, and for what is no number', async () => {
    using live = await openConsole({ kill: true })
    expect((await ask(live, { ...kill(live, 1), method: 'GET' })).status).toBe(404)
    expect((await ask(live, kill(live, '1e3'))).status).toBe(404)
    expect((await ask(live, kill(live, '-1'))).status).toBe(404)
  })

  it('ends the greenlet for real, so that its finally runs, and says its name', async () => {
    using live = await openConsole({ kill: true })
    let cleanedUp = false
    const greenlet = spawn(function* patient() {
      try {
        yield* sleep(60_000)
      } finally {
        cleanedUp = true
      }
    })
    const id = await idOf(live, greenlet.name)
    expect(JSON.parse((await ask(live, kill(live, id))).text)).toEqual({ killed: greenlet.name })
    await greenlet.join()
    expect([cleanedUp, greenlet.successful()]).toEqual([true, true])
    expect(JSON.parse((await ask(live, kill(live, id))).text)).toEqual({ killed: null })
  })

  it('of main, or of nobody, is none', async () => {
    using live = await openConsole({ kill: true })
    for (const id of [0, 99_999]) expect(JSON.parse((await ask(live, kill(live, id))).text)).toEqual({ killed: null })
  })
})

import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { picture, type Row, terminal } from '../../examples/support/picture.ts'
import { fencesOf, normal, pattern } from './support/pages.ts'
import { type Ended, execute, REPOSITORY, tsx } from './support/processes.ts'

const TIMEOUT = { timeout: 30_000 }

const examples = [...readdirSync(join(REPOSITORY, 'examples')), 'compare/sequential.ts', 'compare/greenlets.ts']
  .filter((file) => file.endsWith('.ts'))
  .map((file) => {
    const source = readFileSync(join(REPOSITORY, 'examples', file), 'utf8')
    const header = (/^\/\*\*\n[\s\S]*?\*\//u.exec(source)?.[0] ?? '').replace(/^ \*\/? ?/gmu, '')
    return { file, source, header, expected: fencesOf(header).find(({ language }) => language === 'text')?.code ?? '' }
  })

describe('the header of an example', () => {
  it.each(examples)('says how to run $file and what it prints', ({ file, header, expected }) => {
    expect(header).toContain(`npx tsx examples/${file}`)
    expect(expected).not.toBe('')
  })
})

const runs = new Map<string, Promise<Ended>>()

/** Runs an example without arguments, once for all tests: `pages.ts` by `npm start`, the others by tsx. */
function run(file: string): Promise<Ended> {
  const ended =
    runs.get(file) ?? (file === 'pages.ts' ? execute('npm', ['start', '--silent']) : tsx(`examples/${file}`))
  runs.set(file, ended)
  return ended
}

describe.concurrent('an example', () => {
  it.each(examples)('$file prints what its header says, and ends well', TIMEOUT, async ({ file, expected }) => {
    const { stdout, stderr, code } = await run(file)
    expect(stderr.replace(/^npm warn .*\n/gmu, '')).toBe('') // npm's opinion of the user's npmrc
    expect(normal(stdout)).toMatch(pattern(expected))
    expect(code).toBe(0)
  })
})

describe('examples/switch.ts', () => {
  it('prints exactly the four lines twice', TIMEOUT, async () => {
    expect((await run('switch.ts')).stdout).toBe('11\n33\n22\n44\n'.repeat(2))
  })
})

describe('examples/switch-cost.ts', () => {
  it('finds a switch dearer than a plain call', TIMEOUT, async () => {
    const { stdout } = await run('switch-cost.ts')
    const [perSwitch = 0, perCall = Infinity] = [...stdout.matchAll(/([\d.]+) ns/gu)].map(([, ns]) => Number(ns))
    expect(perSwitch).toBeGreaterThan(perCall)
  })
})

describe('examples/workers.ts', () => {
  it('gives up what takes too long, and goes on', TIMEOUT, async () => {
    const { stdout } = await run('workers.ts')
    expect(stdout).toContain('pie is served\nroast: pan put away\nroast took too long\neverything is done\n')
  })

  it('has everybody clean up before a failure goes on', TIMEOUT, async () => {
    const { stdout } = await run('workers.ts')
    expect(stdout.endsWith('roast: pan put away\nsoup: pan put away\nError: out of paper\n')).toBe(true)
  })
})

describe('examples/select-framework.ts', () => {
  it('takes less time for all requests than they would take one after another', TIMEOUT, async () => {
    const { stdout } = await run('select-framework.ts')
    const [, together, oneByOne] = /(\d+) ms; one after another, .* (\d+) at least/u.exec(stdout) ?? []
    expect(Number(together)).toBeLessThan(Number(oneByOne))
  })
})

describe('examples/pages.ts', () => {
  const source = examples.find(({ file }) => file === 'pages.ts')?.source ?? ''

  it('is the program of the lesson', () => {
    const lines = [
      "import * as gevent from 'greenloop'",
      "import * as monkey from 'greenloop/monkey'",
      'monkey.patchAll()',
      'function* getPage(url: string) {',
      '  const res = yield* fetch(url)',
      'gevent.spawn(getPage, url)',
      'await gevent.joinall(',
    ]
    for (const line of lines) expect(source).toContain(line)
  })

  describe('by npm start', () => {
    it('ends with 0 and is at least twice as fast together as one after another', TIMEOUT, async () => {
      const ended = await run('pages.ts')
      expect(ended.code).toBe(0)
      const [, slow, fast, times] =
        /(\d+) ms one after another, (\d+) ms together: ([\d.]+) times/u.exec(ended.stdout) ?? []
      expect(Number(slow) / Number(fast)).toBeGreaterThanOrEqual(2)
      expect(Number(times)).toBeGreaterThanOrEqual(2)
    })

    it('draws what the README shows', TIMEOUT, async () => {
      const { stdout } = await run('pages.ts')
      const fences = fencesOf(readFileSync(join(REPOSITORY, 'README.md'), 'utf8'))
      // The text blocks behind a block of code are that code's output; those that begin with a prompt are that command's.
      const shown = fences.filter(
        ({ language, code }, place) =>
          language === 'text' && fences[place - 1]?.language !== 'ts' && !code.startsWith('$ '),
      )
      expect(shown).toHaveLength(1)
      for (const { code } of shown) expect(normal(stdout)).toMatch(pattern(code, true))
    })

    it('prints only ASCII into a pipe, at most 80 columns wide', TIMEOUT, async () => {
      const { stdout } = await run('pages.ts')
      expect(stdout).toMatch(/^[\n\x20-\x7e]*$/u)
      expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    })
  })

  describe('with URLs', () => {
    let server: Server
    let local: string
    let refused: string

    beforeAll(async () => {
      server = createServer((request, response) => {
        response.writeHead(request.url === '/ok' ? 200 : 500).end('12345')
      }).listen(0, '127.0.0.1')
      const closed = createTcpServer().listen(0, '127.0.0.1')
      await Promise.all([once(server, 'listening'), once(closed, 'listening')])
      local = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      refused = `http://127.0.0.1:${(closed.address() as AddressInfo).port}/`
      closed.close()
      await once(closed, 'close')
    })

    afterAll(() => {
      server.close()
      server.closeAllConnections()
    })

    it('shows a page that fails with its reason, the others undisturbed, and ends with 1', TIMEOUT, async () => {
      const args = [`${local}/ok`, refused, 'www.python.org', 'http://nowhere.invalid/', `${local}/broken`]
      const { stdout, stderr, code } = await tsx('examples/pages.ts', args, { COLUMNS: '60' })
      expect(stderr).toBe('')
      expect(code).toBe(1)
      for (const run of stdout.split('\n\n')[0]?.split('Together:') ?? []) {
        const lines = normal(run).split('\n')
        expect(lines).toContainEqual(expect.stringMatching(/^200 5 chars \d+ ms http:.*\/ok$/u))
        expect(lines).toContainEqual(expect.stringMatching(/^500 5 chars \d+ ms http:.*\/broken$/u))
        expect(lines).toContainEqual(
          expect.stringMatching(/^failed \d+ ms http:\S+ connect ECONNREFUSED 127\.0\.0\.1:\d+$/u),
        )
        expect(lines).toContainEqual(
          expect.stringMatching(/^failed \d+ ms www\.python\.org Invalid URL \(ERR_INVALID_URL\)$/u),
        )
        expect(lines).toContainEqual(
          expect.stringMatching(
            /^failed \d+ ms http:\/\/nowhere\.invalid\/ getaddrinfo (ENOTFOUND|EAI_AGAIN) nowhere\.invalid$/u,
          ),
        )
      }
      expect(stdout).toMatch(/^3 of 5 pages failed; the reasons are above\.$/mu)
    })

    it('takes an answer with an error status for an answer', TIMEOUT, async () => {
      expect((await tsx('examples/pages.ts', [`${local}/broken`])).code).toBe(0)
    })
  })

  describe('its picture', () => {
    const row = (url: string, began: number, ended: number, reason: string | null = null): Row => ({
      url,
      began,
      ended,
      reason,
    })
    const both = {
      'one by one': [
        row('http://a/1', 1000, 1200),
        row('https://b/', 1200, 1500, 'refused'),
        row('http://c/3', 1500, 1600),
      ],
      together: [
        row('http://a/1', 2000, 2200),
        row('https://b/', 2000, 2300, 'refused'),
        row('http://c/3', 2000, 2100),
      ],
    }

    it('is a staircase above bars that overlap, on one axis', () => {
      expect(`\n${picture(both, { width: 60, ascii: true })}\n`).toBe(`
            0      100     200    300    400     500      ms
one by one  |------|-------|------|------|-------|------
  a/1       ###############
  b         ...............xxxxxxxxxxxxxxxxxxxxxx
  c/3       .....................................#######
together    |------|-------|------|------|-------|------
  a/1       ###############
  b         xxxxxxxxxxxxxxxxxxxxxx
  c/3       #######
  # in flight   . waits for its turn   x failed
`)
    })

    it('uses finer signs on a terminal', () => {
      const [, axis, bar] = picture(both, { width: 60, ascii: false }).split('\n')
      expect(axis).toMatch(/^one by one {2}[┬─]+$/u)
      expect(bar).toMatch(/^ {2}a\/1 {7}█+$/u)
    })

    it.each([40, 60, 80, 140])('fits %i columns, also with long names', (width) => {
      const long = { ...both, together: [row(`http://example.org/${'x'.repeat(200)}`, 0, 100)] }
      for (const line of picture(long, { width, ascii: true }).split('\n'))
        expect(line.length).toBeLessThanOrEqual(width)
    })

    it('shows even a page that took no time', () => {
      expect(picture({ run: [row('a', 0, 0), row('b', 0, 100)] }, { width: 60, ascii: true })).toMatch(/^ {2}a +#$/mu)
    })

    it('takes its width from the terminal, or from COLUMNS in a pipe', () => {
      expect(terminal({ isTTY: true, columns: 100 }, { TERM: 'xterm' })).toEqual({ width: 100, ascii: false })
      expect(terminal({ isTTY: true, columns: 100 }, { TERM: 'dumb' })).toEqual({ width: 100, ascii: true })
      expect(terminal({ isTTY: false, columns: 0 }, { COLUMNS: '70' })).toEqual({ width: 70, ascii: true })
      expect(terminal({ isTTY: false, columns: 0 }, {})).toEqual({ width: 80, ascii: true })
    })
  })
})

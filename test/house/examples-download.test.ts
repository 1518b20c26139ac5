// More of `examples/download.ts` than it shows when it is called without arguments: what it asks for, what it leaves behind, how it is called.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ProgressBar } from '../../examples/support/progress-bar.ts'
import { tsx } from './support/processes.ts'

const TIMEOUT = { timeout: 30_000 }
const CONTENT = 'abcdefghijklmnopqrstuvwxyz'
const SHA256 = createHash('sha256').update(CONTENT).digest('hex')

const folders = mkdtempSync(join(tmpdir(), 'greenloop-'))
const servers: Server[] = []

afterAll(() => {
  for (const server of servers) server.close()
  for (const server of servers) server.closeAllConnections()
  rmSync(folders, { recursive: true })
})

/** A server, a folder for what it gives, and the ranges that it is asked for. */
async function site(listener: RequestListener) {
  const asked: (string | undefined)[] = []
  const folder = mkdtempSync(join(folders, 'test-'))
  const server = createServer((request, response) => {
    asked.push(rangeOf(request.headers))
    listener(request, response)
  }).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/letters.txt`
  return { url, asked, folder, file: join(folder, 'letters.txt') }
}

function rangeOf(headers: IncomingHttpHeaders): string | undefined {
  return headers.range === undefined ? undefined : `${headers.range} if ${String(headers['if-range'])}`
}

/** Gives half of another version, and breaks off; then what it is asked for, whatever `If-Range` says. */
function changes(first: string, second: string): RequestListener {
  let times = 0
  return ({ headers }, response) => {
    const isFirst = times++ === 0
    const from = Number(/\d+/u.exec(headers.range ?? '')?.[0] ?? 0)
    const range = from === 0 ? {} : { 'content-range': `bytes ${String(from)}-25/26` }
    const etag = isFirst ? first : second
    response.writeHead(from === 0 ? 200 : 206, { 'content-length': 26 - from, etag, ...range })
    if (isFirst) response.write('zyxwvutsrqpon', () => response.destroy())
    else response.end(CONTENT.slice(from))
  }
}

describe('examples/download.ts', () => {
  it('does not put two versions together, though a server does not look at If-Range', TIMEOUT, async () => {
    const { url, asked, folder, file } = await site(changes('"one"', '"two"'))
    writeFileSync(`${file}.part`, 'of which nothing is known')
    const ended = await tsx('examples/download.ts', [url, file, '--sha256', SHA256.toUpperCase()])
    const stdout = expect.stringMatching(/\nletters\.txt is whole; 39 bytes have come in this run\n$/u)
    expect(ended).toEqual({ stdout, stderr: '', code: 0 })
    expect(asked).toEqual([undefined, 'bytes=13- if "one"', undefined])
    expect(readdirSync(folder)).toEqual(['letters.txt'])
    expect(readFileSync(file, 'utf8')).toBe(CONTENT)
  })

  it('does not trust a weak ETag', TIMEOUT, async () => {
    const { url, asked, file } = await site(changes('W/"one"', 'W/"one"'))
    const { code } = await tsx('examples/download.ts', [url, file, '--sha256', SHA256])
    expect([asked, code]).toEqual([[undefined, undefined], 0])
  })

  it('gives up what is not there at once', TIMEOUT, async () => {
    const { url, asked, folder, file } = await site((_, response) => response.writeHead(404).end())
    const ended = await tsx('examples/download.ts', [url, file])
    const stderr = `HTTPError: 404 Client Error: Not Found for url: ${url}\n`
    expect(ended).toEqual({ stdout: '', stderr, code: 1 })
    expect([asked.length, readdirSync(folder)]).toEqual([1, []])
  })

  it(
    'gives up a server of which nothing more comes, keeps what has come, and goes on with it later',
    TIMEOUT,
    async () => {
      let isOn = false
      const { url, asked, folder, file } = await site(({ headers }, response) => {
        const isFirst = headers.range === undefined
        const range = isFirst ? {} : { 'content-range': 'bytes 13-25/26' }
        response.writeHead(isFirst ? 200 : 206, { 'content-length': isFirst ? 26 : 13, etag: '"one"', ...range })
        if (isOn) response.end(CONTENT.slice(13))
        else if (isFirst) response.write(CONTENT.slice(0, 13), () => response.destroy())
        else response.flushHeaders()
        if (!isOn && !isFirst) response.socket?.end()
      })
      const { stderr, code } = await tsx('examples/download.ts', [url, file])
      expect(stderr).toMatch(/^ChunkedEncodingError: GET \S+/u)
      expect([code, asked.length]).toEqual([1, 6]) // once with success, and five times again
      expect(readdirSync(folder).sort()).toEqual(['letters.txt.part', 'letters.txt.part.etag'])
      isOn = true
      await tsx('examples/download.ts', [url, file, '--sha256', SHA256])
      expect([asked.at(-1), readdirSync(folder)]).toEqual(['bytes=13- if "one"', ['letters.txt']])
    },
  )

  it('says what is wrong with its arguments, and answers 2', TIMEOUT, async () => {
    const ended = await tsx('examples/download.ts', ['http://localhost/', 'b', 'c', 'd'])
    const usage = 'Usage: npx tsx examples/download.ts [--sha256 hex] url [file]\n'
    const stderr = `one URL and one file are expected, but got c and d as well\n${usage}`
    expect(ended).toEqual({ stdout: '', stderr, code: 2 })
  })
})

describe('its bar', () => {
  function play(isTTY: boolean): string {
    let written = ''
    const bar = new ProgressBar('bytes', { isTTY, write: (text: string): boolean => (written += text) !== '' })
    for (const done of [0, 99, 250, 990, 1000]) bar.show(done, 1000)
    bar.end()
    return written
  }

  it('is a line that grows on a terminal', () => {
    const lines = [
      '[--------------------] 0',
      '[#-------------------] 99',
      '[#####---------------] 250',
      '[###################-] 990',
      '[####################] 1000',
    ]
    expect(play(true)).toBe(`${lines.map((line) => `\r\u001B[K${line} bytes`).join('')}\n`)
  })

  it('is in a pipe a line at each fifth, and one for several', () => {
    expect(play(false)).toBe(
      '[#####---------------] 250 bytes\n[###################-] 990 bytes\n[####################] 1000 bytes\n',
    )
  })
})

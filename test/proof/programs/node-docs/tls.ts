// The snippets of Node's documentation on TLS, and on HTTPS, which stands on it.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { createRequire } from 'node:module'
import { Readable } from 'node:stream'
import tls from 'node:tls'
import type { Swap } from './extract.ts'
import { all, happens, listening, type Snippet, type Stage } from './stage.ts'

const TLS = '@types/node/tls.d.ts'
const HTTPS = '@types/node/https.d.ts'
const KEYS = 'test/fixtures/tls'
const ca = readFileSync(`${KEYS}/ca.pem`)
const server = { key: readFileSync(`${KEYS}/server-key.pem`), cert: readFileSync(`${KEYS}/server.pem`) }
const client = { key: readFileSync(`${KEYS}/client-key.pem`), cert: readFileSync(`${KEYS}/client.pem`), ca }

const key = (name: string): Swap => [`'${name}-key.pem'`, `'${KEYS}/${name}-key.pem'`]
const googleIsHere: readonly Swap[] = [
  ["'encrypted.google.com'", "'localhost'"],
  ['443,', 'port, ca,'],
]

/** A web server that says always the same. */
async function web(stage: Stage): Promise<number> {
  const site = https.createServer(server, (_, response) => {
    response.sendDate = false
    response.end('hello over TLS\n')
  })
  return stage.listen(site, 'localhost')
}

/** What the snippet writes to process.stdout. */
function stdout(stage: Stage): object {
  return { stdout: { write: (chunk: Buffer) => stage.console.log(String(chunk).trimEnd()) } }
}

export const tlsSnippets: readonly Snippet[] = [
  {
    subject: 'tls',
    name: 'tls.createServer',
    file: TLS,
    words: "socket.write('welcome!\\n')",
    swaps: [
      key('server'),
      ["'server-cert.pem'", `'${KEYS}/server.pem'`],
      ["'client-cert.pem'", `'${KEYS}/ca.pem'`],
      ['server.listen(8000,', "server.listen(0, 'localhost',"],
    ],
    shows: 'server connected authorized',
    async around(stage) {
      const { server: listener } = await stage.run({}, 'server')
      const socket = stage.watch('client', tls.connect(await listening(listener), 'localhost', client))
      socket.end('an echo')
      stage.log(await all(socket))
      await stage.emitted('client', 'close')
    },
  },
  {
    subject: 'tls',
    name: 'tls.connect',
    file: TLS,
    words: 'process.stdin.pipe(socket)',
    swaps: [
      key('client'),
      ["'client-cert.pem'", `'${KEYS}/client.pem'`],
      ["'server-cert.pem'", `'${KEYS}/ca.pem'`],
      ['tls.connect(8000,', 'tls.connect(port,'],
    ],
    shows: 'client connected authorized',
    async around(stage) {
      const echo = tls.createServer({ ...server, ca, requestCert: true }, (peer) => peer.pipe(peer))
      const port = await stage.listen(echo, 'localhost')
      await stage.run({ port, process: { stdin: Readable.from(['typed\n']) } }, 'socket')
      await stage.emitted('socket', 'close')
    },
  },
  {
    subject: 'tls',
    name: 'tlsSocket.exportKeyingMaterial',
    file: TLS,
    words: 'tlsSocket.exportKeyingMaterial(',
    swaps: [[/\/\*[^]*/gu, '']],
    shows: '128 bytes, the same on both sides: true',
    async around(stage) {
      const listener = tls.createServer(server)
      const secure = happens(listener, 'secureConnection')
      const tlsSocket = stage.watch(
        'client',
        tls.connect(await stage.listen(listener, 'localhost'), 'localhost', { ca }),
      )
      await happens(tlsSocket, 'secureConnect')
      const { keyingMaterial } = await stage.run({ tlsSocket }, 'keyingMaterial')
      const peer = (await secure) as tls.TLSSocket // that is what the event hands over
      const theirs = peer.exportKeyingMaterial(128, 'client finished', undefined as unknown as Buffer) // it may be left out
      stage.log(keyingMaterial.length, 'bytes, the same on both sides:', keyingMaterial.equals(theirs))
      tlsSocket.destroy()
    },
  },
  {
    subject: 'tls',
    name: 'tls.getCiphers',
    file: TLS,
    words: 'tls.getCiphers()',
    shows: 'aes128-gcm-sha256',
    async around(stage) {
      await stage.run({ tls })
    },
  },
  {
    subject: 'tls',
    name: 'https.createServer',
    file: HTTPS,
    words: "agent2-cert.pem'),\n};\n\nhttps.createServer",
    swaps: [
      ['test/fixtures/keys/agent2-key.pem', `${KEYS}/server-key.pem`],
      ['test/fixtures/keys/agent2-cert.pem', `${KEYS}/server.pem`],
      ['https.createServer(options', 'const server = https.createServer(options'],
      ['.listen(8000)', ".listen(0, 'localhost')"],
    ],
    shows: 'hello world',
    async around(stage) {
      const { server: site } = await stage.run({}, 'server')
      const request = https.get({ host: 'localhost', port: await listening(site), ca, agent: false })
      const response = (await happens(request, 'response')) as Readable // that is what the event hands over
      stage.log(await all(response))
    },
  },
  {
    subject: 'tls',
    name: 'https.request',
    file: HTTPS,
    words: "method: 'GET',\n};\n\nconst req = https.request(options, (res) => {\n  console.log('statusCode:'",
    swaps: googleIsHere,
    shows: 'hello over TLS',
    async around(stage) {
      await stage.run({ port: await web(stage), ca, process: stdout(stage) }, 'req')
      await stage.emitted('req', 'close')
    },
  },
  {
    subject: 'tls',
    name: 'https.request: pinned certificate',
    file: HTTPS,
    words: 'HPKP pin-sha256 pinning',
    swaps: [
      ["'github.com'", "'localhost'"],
      ['443,', 'port, ca,'],
      [/'pL1\+.*?'/gu, 'pin'],
      [/'25:FE[^;]*'/gu, 'fingerprint'],
    ],
    shows: 'All OK. Server matched our pinned cert or public key',
    async around(stage) {
      const port = await web(stage)
      const look = tls.connect(port, 'localhost', { ca })
      await happens(look, 'secureConnect')
      const { pubkey, fingerprint256: fingerprint } = look.getPeerCertificate()
      look.destroy()
      const pin = createHash('sha256')
        .update(pubkey ?? '')
        .digest('base64')
      // The snippet assigns to two names that it never declares.
      await stage.run({ port, ca, pin, fingerprint, hash: 0, lastprint256: 0 }, 'req')
      await stage.emitted('req', 'close')
    },
  },
  {
    subject: 'tls',
    name: 'https.get',
    file: HTTPS,
    words: "https.get('https://encrypted.google.com/'",
    swaps: [["https.get('https://encrypted.google.com/',", 'const req = https.get(url, { ca },']],
    shows: 'hello over TLS',
    async around(stage) {
      const url = `https://localhost:${await web(stage)}/`
      await stage.run({ url, ca, process: stdout(stage) }, 'req')
      await stage.emitted('req', 'close')
    },
  },
  {
    subject: 'tls',
    name: 'undici: client certificate',
    file: 'undici/docs/docs/best-practices/client-certificate.md',
    words: 'requestCert: true',
    swaps: [
      ['client-ca-crt.pem', 'ca.pem'],
      ['server-ca-crt.pem', 'ca.pem'],
      ['server-crt.pem', 'server.pem'],
      ['client-crt.pem', 'client.pem'],
      ['server.listen(0,', "server.listen(0, 'localhost',"],
    ],
    shows: 'valid',
    async around(stage) {
      const names = { require: createRequire(import.meta.url), __dirname: KEYS }
      await stage.run(names, 'server')
      await stage.emitted('server', 'close')
    },
  },
]

/**
 * Echo over a hundred connections: what one round trip takes, for a server that does nothing else.
 *
 * The server is pinned to the first processor and the client to the second, where `taskset` is there. The client is in C
 * (`bench/echo/client.c`), so that it is never the slower one; it is compiled when the first work is measured.
 */
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Work } from '../work.ts'

const CONNECTIONS = 100
const BYTES = 64
const WARM_UP_MS = 1000

/** Echo by the servers of `bench/echo/serve.ts`; `times` is the measured time in milliseconds. */
export const ECHO: Readonly<Record<string, Work>> = {
  'bare callbacks': served('callbacks'),
  pipe: served('pipe'),
  'for await': served('for await'),
  'greenlets, recv and sendall': served('greenlets'),
  'greenlets, StreamServer': served('stream server'),
}

function served(name: string): Work {
  const command = ['node', '--import', 'tsx', fileOf('serve.ts'), name] as const
  return {
    times: 2000,
    run: () => undefined,
    measure: (times) => measureEcho(command, times),
  }
}

/** The same by gevent's own StreamServer. */
export function measureGeventEcho(python: string): Promise<number> {
  return measureEcho([python, fileOf('serve.py')], 2000)
}

/** Nanoseconds for a round trip, over all connections. */
async function measureEcho(command: readonly string[], ms: number): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'greenloop-echo-'))
  const client = join(folder, 'client')
  execFileSync('cc', ['-O2', '-o', client, fileOf('client.c')])
  const [program = '', ...args] = pinned(0, command)
  const server = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TSX_TSCONFIG_PATH: fileOf('../tsconfig.json') },
  })
  try {
    const port = await firstLine(server.stdout)
    const [run = '', ...rest] = pinned(1, [
      client,
      port,
      String(CONNECTIONS),
      String(BYTES),
      String(WARM_UP_MS),
      String(ms),
    ])
    return (ms * 1e6) / Number(execFileSync(run, rest, { encoding: 'utf8' }))
  } finally {
    server.kill()
    rmSync(folder, { recursive: true })
  }
}

async function firstLine(stream: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stream })) return line
  throw new Error('The echo server has printed no port.')
}

function pinned(processor: number, command: readonly string[]): readonly string[] {
  return process.platform === 'linux' ? ['taskset', '-c', String(processor), ...command] : command
}

function fileOf(name: string): string {
  return fileURLToPath(new URL(`../echo/${name}`, import.meta.url))
}

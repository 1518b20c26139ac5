/**
 * Echo over a hundred connections: what one round trip takes, for a server that does nothing else.
 */

import type { Measurement } from '../method/measurement.ts'
import { type Command, cCommand, measurePair, nodeCommand, pythonCommand, warmUpOf } from '../method/pairs.ts'
import { aim, type Contestant, elsewhere, type Kind, type Work, work } from '../method/work.ts'

const CONNECTIONS = 100
const BYTES = 64
const MEASURED_MS = 1200

const contestants = [
  inNode('bare callbacks', 'limit', 'node', 'callbacks'),
  inNode('greenlets, recv and sendall', 'ours', 'greenloop', 'greenlets'),
  inNode('greenlets, StreamServer', 'ours', 'greenloop', 'stream server'),
  inNode('pipe', 'promises', 'node', 'pipe'),
  inNode('for await', 'promises', 'node', 'for await'),
  inNode('await recv()', 'promises', 'node', 'recv'),
  inNode('Effect', 'scheduler', 'effect', 'fibers'),
  inNode('effection', 'scheduler', 'effection', 'tasks'),
  inPython('gevent', 'gevent'),
  inPython('asyncio', 'asyncio'),
  inPython('Twisted', 'twisted'),
]

function inNode(name: string, kind: Kind, file: string, server: string): Contestant {
  return elsewhere(name, kind, MEASURED_MS, (ms) => measure(nodeCommand(`echo/${file}.ts`, server), ms))
}

function inPython(name: string, module: string): Contestant {
  const by = (ms: number, python: string) => measure(pythonCommand(python, `echo/with_${module}.py`), ms)
  return elsewhere(name, 'python', MEASURED_MS, by, [module])
}

function measure(server: Command, ms: number): Promise<Measurement> {
  const figures = [CONNECTIONS, BYTES, warmUpOf(ms), ms].map(String)
  return measurePair(server, (port, pid) => cCommand('echo/client.c', port, pid, ...figures))
}

export const ECHO: Work = work(
  'echo',
  'A hundred connections, over which 64 bytes come back',
  'round trip',
  contestants,
  {
    aims: [
      aim('greenlets, recv and sendall', 1.1, 'bare callbacks'),
      aim('greenlets, recv and sendall', 0.77, 'gevent'),
    ],
    remark:
      'The server has one processor, and the client, in C, another one. Most of each figure is the system. Effect begins a fiber for each piece that comes, effection takes it from a queue, Twisted calls back.',
  },
)

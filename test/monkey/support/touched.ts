/**
 * All objects that a patch may touch, and what has changed in them: each own property, down to its flags.
 */
import childProcess from 'node:child_process'
import dns from 'node:dns'
import { EventEmitter } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import stream from 'node:stream'
import streamPromises from 'node:stream/promises'
import timers from 'node:timers'
import timersPromises, { scheduler } from 'node:timers/promises'
import tls from 'node:tls'

/** By name: whole objects. */
const touched: Readonly<Record<string, object>> = {
  Promise,
  'Promise.prototype': Promise.prototype,
  Response,
  'Response.prototype': Response.prototype,
  child_process: childProcess,
  'child_process.ChildProcess.prototype': childProcess.ChildProcess.prototype,
  stream,
  'stream/promises': streamPromises,
  'stream.prototype': stream.prototype,
  'stream.Readable': stream.Readable,
  'stream.Readable.prototype': stream.Readable.prototype,
  'stream.Writable.prototype': stream.Writable.prototype,
  'stream.Duplex': stream.Duplex,
  'stream.Duplex.prototype': stream.Duplex.prototype,
  'stream.Transform.prototype': stream.Transform.prototype,
  fs,
  'fs.promises': fs.promises,
  'fs.ReadStream.prototype': fs.ReadStream.prototype,
  'fs.WriteStream.prototype': fs.WriteStream.prototype,
  dns,
  'dns.promises': dns.promises,
  'dns.Resolver': dns.Resolver,
  'dns.Resolver.prototype': dns.Resolver.prototype,
  net,
  'net.Socket': net.Socket,
  'net.Socket.prototype': net.Socket.prototype,
  'net.Server.prototype': net.Server.prototype,
  tls,
  'tls.TLSSocket.prototype': tls.TLSSocket.prototype,
  'tls.Server.prototype': tls.Server.prototype,
  http,
  'http.ClientRequest.prototype': http.ClientRequest.prototype,
  'http.OutgoingMessage.prototype': http.OutgoingMessage.prototype,
  'http.ServerResponse.prototype': http.ServerResponse.prototype,
  'http.IncomingMessage.prototype': http.IncomingMessage.prototype,
  'http.Server.prototype': http.Server.prototype,
  https,
  'https.Server.prototype': https.Server.prototype,
  'EventEmitter.prototype': EventEmitter.prototype,
  timers,
  'timers/promises': timersPromises,
  scheduler,
  'scheduler.prototype': Object.getPrototypeOf(scheduler) as object,
}

/** The global object has more than we may look at: some of its getters load modules. */
const GLOBALS = [
  'fetch',
  'Response',
  'Request',
  'Headers',
  'Promise',
  'setTimeout',
  'setImmediate',
  'setInterval',
  'queueMicrotask',
]

// Node makes some of them when they are first asked for.
for (const name of GLOBALS) Reflect.get(globalThis, name)

/** What is there at a moment: by `object.key`, the property. */
export type Snapshot = ReadonlyMap<string, PropertyDescriptor>

/** All properties of all these objects, as they are now. */
export function snapshot(): Snapshot {
  const all = new Map<string, PropertyDescriptor>()
  const add = (name: string, object: object, keys: readonly PropertyKey[]): void => {
    for (const key of keys) {
      const property = Object.getOwnPropertyDescriptor(object, key)
      if (property !== undefined) all.set(`${name}.${String(key)}`, property)
    }
  }
  for (const [name, object] of Object.entries(touched)) add(name, object, Reflect.ownKeys(object))
  add('globalThis', globalThis, GLOBALS)
  return all
}

/** What differs, sorted: `+ name` is new, `- name` is gone, `~ name` is something else, or has other flags. */
export function changes(before: Snapshot, now: Snapshot = snapshot()): string[] {
  const found: string[] = []
  for (const name of new Set([...before.keys(), ...now.keys()])) {
    const was = before.get(name)
    const is = now.get(name)
    if (was === undefined) found.push(`+ ${name}`)
    else if (is === undefined) found.push(`- ${name}`)
    else if (!isSame(was, is)) found.push(`~ ${name}`)
  }
  return found.sort()
}

function isSame(was: PropertyDescriptor, is: PropertyDescriptor): boolean {
  const keys = ['value', 'get', 'set', 'writable', 'enumerable', 'configurable'] as const
  return keys.every((key) => Object.is(was[key], is[key]))
}

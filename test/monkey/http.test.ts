// The patch of `node:http` and `node:https` as a patch; what it makes of requests and servers is in test/http/node.
import { EventEmitter } from 'node:events'
import http, { get, Server } from 'node:http'
import https from 'node:https'
import * as monkey from 'greenloop/monkey'
import { afterEach, expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'

checkLeaks()
afterEach(() => {
  monkey.unpatchAll()
})

it('replaces no function of the modules, and needs no other patch', () => {
  const before = { ...http, ...https }
  monkey.patchHttp()
  expect({ ...http, ...https }).toEqual(before)
  expect([get === http.get, Server === http.Server]).toEqual([true, true])
  expect(['http', 'https', 'net', 'tls', 'promise'].map((name) => monkey.isModulePatched(name))).toEqual([
    ...[true, true],
    ...[false, false, false],
  ])
})

it('knows what was there: nothing of a server’s own', () => {
  monkey.patchHttp()
  for (const module of ['http', 'https'] as const) {
    expect(monkey.saved.get(module)?.get('Server.prototype.on')).toBeUndefined()
    expect(monkey.isObjectPatched(module, 'Server.prototype.on')).toBe(true)
    expect(monkey.getOriginal(module, 'Server.prototype.on')).toBe(EventEmitter.prototype.on)
  }
  expect(monkey.isObjectPatched('http', 'ServerResponse.prototype.sendall')).toBe(true)
})

it('is taken back as a whole', () => {
  monkey.patchHttp()[Symbol.dispose]()
  expect([
    Symbol.iterator in http.ClientRequest.prototype,
    'sendall' in http.OutgoingMessage.prototype,
    Object.hasOwn(http.Server.prototype, 'on'),
    Object.hasOwn(https.Server.prototype, 'once'),
  ]).toEqual([false, false, false, false])
})

it('calls what somebody has put in the place of the emitter’s methods since', () => {
  monkey.patchHttp()
  const { on } = EventEmitter.prototype
  const added: unknown[] = []
  EventEmitter.prototype.on = function (this: EventEmitter, event, listener) {
    added.push(event)
    return on.call(this, event, listener)
  }
  try {
    http.createServer().on('request', () => undefined)
  } finally {
    EventEmitter.prototype.on = on
  }
  expect(added).toContain('request')
})

// `ws`, and `mqtt` against `aedes`: the same without the library, patched, and in greenlets. And that such a test can fail.
import { expect, it } from 'vitest'
import { checkLeaks } from '../support/leaks.ts'
import { play, prove } from './prove.ts'

checkLeaks()

prove('ws', ['WebSocket', 'WebSocketServer', 'Receiver', 'Socket', 'accepted Socket'])
prove('mqtt', ['MqttClient', 'Aedes', 'Parser', 'Socket', 'accepted Socket'])

it('would see a patch after which a connection emits one event more', async () => {
  const [patched, spoilt] = [await play('ws', 'patched', {}), await play('ws', 'spoilt', {})]
  expect(spoilt.results).toEqual(patched.results)
  const differing = Object.keys(patched.events).filter(
    (name) => spoilt.events[name]?.join() !== patched.events[name]!.join(),
  )
  expect(differing[0]).toBe('Socket 1')
  expect(differing.every((name) => name.startsWith('Socket '))).toBe(true)
}, 30_000)

import type { Coroutine } from '../../greenlet/kernel.ts'
import type { Hub } from '../../hub/hub.ts'
import type { HubObserver } from '../../hub/report.ts'
import { addObserver, removeObserver } from '../../hub/observers.ts'
import { addWatcher, removeWatcher } from '../../greenlet/trace.ts'
export class Meter implements HubObserver {
  hub: Hub
  n = { atMs: 0, switches: 0, spawned: 0, ended: 0, failed: 0, wakes: 0, living: 0 }
  m = new WeakMap<object, number>()
  constructor(hub: Hub) { this.hub = hub }
  w = () => { this.n.switches++ }
  start(): this { addObserver(this.hub, this); addWatcher(this.w); return this }
  stop(): this { removeObserver(this.hub, this); removeWatcher(this.w); return this }
  read() { return { ...this.n, atMs: this.hub.clock.now() } }
  since(g: Coroutine): number | null { return this.m.get(g) ?? null }
  spawned(): void { this.n.spawned++ }
  blocked(g: Coroutine): void { this.m.set(g, this.hub.clock.now()) }
  woken(g: Coroutine): void { this.n.wakes++; this.m.delete(g) }
  interrupted(): void {}
  ended(): void { this.n.ended++ }
}

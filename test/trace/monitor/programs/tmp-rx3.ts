// @ts-nocheck
import { Worker } from 'node:worker_threads'
import { readFileSync } from 'node:fs'
const how = process.env.HOW
let asked = 0
globalThis.ask = () => {
  asked++
  if (how === 'nothing') return 1
  if (how === 'sites') { const h = {}; const p = Error.prepareStackTrace; Error.prepareStackTrace = (_, s) => s; Error.captureStackTrace(h); const r = h.stack.map(x => x.getFileName() + x.getLineNumber()).join(); Error.prepareStackTrace = p; return r }
  if (how === 'regexp') return 'async function foo'.replace(/^(?:async|new) /u, '').length
  if (how === 'alloc') { let s = 0; for (let i = 0; i < 20000; i++) s += JSON.stringify({ a: [i, String(i)] }).length; return s }
}
const cell = new Int32Array(new SharedArrayBuffer(4))
const w = new Worker(readFileSync(new URL('tmp-w.cjs', import.meta.url), 'utf8'), { eval: true, execArgv: [], env: {}, workerData: cell }); w.unref()
await new Promise(r => setTimeout(r, 150))
function unseen(n) { return performance.now() > 0 && asked === n }
function* match(n) {
  const text = `${'a'.repeat(20)}b`
  while (unseen(n)) /^(a+)+$/u.test(text)
}
for (let i = 0; i < 25; i++) { 
  Atomics.store(cell, 0, 1)
  match(asked).next(); 
  Atomics.store(cell, 0, 0)
  await new Promise(r => setTimeout(r, 10)) }
process.exit(0)

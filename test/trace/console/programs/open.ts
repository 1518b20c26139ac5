// A program with an open console that a page looks at, over a connection that stays. argv[2] says how it goes on.
import { once } from 'node:events'
import { connect } from 'node:net'
import { Event } from 'greenloop'
import { patchAll } from 'greenloop/monkey'
import { openConsole } from 'greenloop/trace'

const how = process.argv[2]
if (how === 'patched') patchAll()
const live = await openConsole()
const socket = connect(live.port, '127.0.0.1')
socket.write(`GET /state HTTP/1.1\r\nHost: 127.0.0.1:${live.port}\r\nX-Greenloop-Token: ${live.token}\r\n\r\n`)
const [answer] = (await once(socket, 'data')) as [Buffer]
console.log(answer.toString().split('\r\n', 1)[0], live.isWatched ? 'watched' : 'not watched')
socket.unref()
if (how === 'deadlock') await new Event().wait()

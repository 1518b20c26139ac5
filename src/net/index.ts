/**
 * Floor 7: sockets and names, usable without any patch.
 */
export { lookup } from './dns.ts'
export { connect, type GreenSocket, type SocketMethods } from './socket.ts'

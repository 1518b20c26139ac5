/**
 * Node's `tls` for greenlets: the door of this room.
 */
export { connect, createServer, type GreenTLSServer, type GreenTLSSocket } from './endpoints.ts'

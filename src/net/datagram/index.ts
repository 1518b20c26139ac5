/**
 * Node's `dgram` for greenlets: the door of this room.
 */
export { createSocket, type GreenDatagramSocket } from './create-socket.ts'
export type { Datagram } from './datagram-state.ts'
export type { DatagramMethods } from './methods.ts'

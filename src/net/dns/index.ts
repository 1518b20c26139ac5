/**
 * Node's `dns` for greenlets: the door of this room.
 */
export { lookup, lookupService, type ServiceName } from './lookup.ts'
export {
  getServers,
  resolve,
  resolve4,
  resolve6,
  resolveAny,
  resolveCaa,
  resolveCname,
  resolveMx,
  resolveNaptr,
  resolveNs,
  resolvePtr,
  resolveSoa,
  resolveSrv,
  resolveTxt,
  reverse,
  setServers,
} from './resolve.ts'
export { type AnyAnswer, Resolver } from './resolver.ts'

/**
 * Floor 8: HTTP.
 */
export * as requests from './requests/api.ts'
export { type RequestOptions, Response } from './requests/api.ts'

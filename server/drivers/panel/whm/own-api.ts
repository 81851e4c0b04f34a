import type { z } from 'zod'
import { DriverError } from '#shared/errors/driver-error.ts'
import type { WhmApi } from './api.ts'
import * as reply from './schema.ts'

/** Asks a function of an account's own API (UAPI), by way of WHM. `act`: it changes something, and is sent once. */
export type OwnApi = <S extends z.ZodType>(user: string, module: string, name: string, schema: S, options?: { readonly act?: boolean, readonly params?: Readonly<Record<string, string>> }) => Promise<z.output<S>>

export const ownApi = ({ api, told }: { readonly api: WhmApi, readonly told: <T>(work: Promise<T>) => Promise<T> }): OwnApi => async (user, module, name, schema, { act = false, params = {} } = {}) => {
  const asked = { 'cpanel.user': user, 'cpanel.module': module, 'cpanel.function': name, ...params }
  const { uapi: { status, data, errors } } = await told(act ? api.act('uapi_cpanel', asked, reply.uapi) : api.read('uapi_cpanel', reply.uapi, asked))
  // The outer answer says that the question arrived; this one whether it was answered.
  if (status !== 1) throw new DriverError('permanent', `WHM: ${module}::${name}: ${(errors ?? []).join(' ').slice(0, 300) || 'refused without a reason'}`)
  const read = schema.safeParse(data)
  if (!read.success) throw new DriverError('permanent', `WHM: the answer of ${module}::${name} has an unknown form`)
  return read.data
}

/** What the token, or the account's package, is kept from is unknown, and no fault. */
export const ifTold = <T>(work: Promise<T>): Promise<T | null> => work.catch((error: unknown) => {
  if (error instanceof DriverError && (error.kind === 'action_required' || error.kind === 'permanent')) return null
  throw error
})

import { AppError } from '#shared/errors/codes.ts'
import { isComplete } from '../clients/ports.ts'
import type { IdentityDeps } from './ports.ts'
import { toMe } from './user.ts'
import type { Me } from './user.ts'

/** The caller's own account. @throws AppError unauthenticated when it is gone */
export const showMe = ({ read }: IdentityDeps) => async (userId: string): Promise<Me> => {
  const user = await read.users.find(userId)
  if (!user) throw new AppError('unauthenticated')
  return toMe(user, user.role === 'client' && isComplete(await read.profiles.find(userId)))
}

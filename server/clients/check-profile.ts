import { isComplete } from './ports.ts'
import type { ClientDeps } from './ports.ts'

/** Whether this user may order: the billing profile is there and satisfies today's rules. */
export const isProfileComplete = ({ read }: ClientDeps) => async (userId: string): Promise<boolean> => isComplete(await read.profiles.find(userId))

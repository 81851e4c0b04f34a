import type { ClientDeps, Profile } from './ports.ts'

/** The caller's own billing profile; null until it was saved once. */
export const showProfile = ({ read }: ClientDeps) => async (userId: string): Promise<{ profile: Profile | null }> => ({ profile: await read.profiles.find(userId) })

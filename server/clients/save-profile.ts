import type { ClientDeps, Profile } from './ports.ts'

/** Saves the caller's own billing profile. Invoices that were issued keep the buyer's data of their day. */
export const saveProfile = ({ transact, clock }: ClientDeps) => async (userId: string, profile: Profile): Promise<{ profile: Profile }> => {
  await transact(stores => stores.profiles.save(userId, profile, clock.now()))
  return { profile }
}

import { isProfileComplete } from '#server/clients/check-profile.ts'
import { saveProfile } from '#server/clients/save-profile.ts'
import { showProfile } from '#server/clients/show-profile.ts'
import type { Core } from '../core.ts'

export const composeClients = ({ read, transact, clock }: Core) => {
  const deps = { read, transact, clock }
  return { showProfile: showProfile(deps), saveProfile: saveProfile(deps), isProfileComplete: isProfileComplete(deps) }
}

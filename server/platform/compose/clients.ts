import { isProfileComplete } from '#server/clients/check-profile.ts'
import { saveProfile } from '#server/clients/save-profile.ts'
import { showProfile } from '#server/clients/show-profile.ts'
import { addSshKey, listSshKeys, removeSshKey } from '#server/clients/ssh-keys.ts'
import type { Core } from '../core.ts'
import { uuidv7 } from '../ids.ts'

export const composeClients = ({ read, transact, clock }: Core) => {
  const deps = { read, transact, clock, newId: uuidv7 }
  return {
    showProfile: showProfile(deps), saveProfile: saveProfile(deps), isProfileComplete: isProfileComplete(deps),
    listSshKeys: listSshKeys(deps), addSshKey: addSshKey(deps), removeSshKey: removeSshKey(deps),
  }
}

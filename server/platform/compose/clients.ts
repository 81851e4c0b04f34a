import { createHash } from 'node:crypto'
import { isProfileComplete } from '#server/clients/check-profile.ts'
import { saveProfile } from '#server/clients/save-profile.ts'
import { showProfile } from '#server/clients/show-profile.ts'
import { addSshKey, listSshKeys, removeSshKey } from '#server/clients/ssh-keys.ts'
import type { Core } from '../core.ts'
import { uuidv7 } from '../ids.ts'

/** SHA-256 of what base64 says, in base64. */
export const sha256OfBase64 = (base64: string): string => createHash('sha256').update(Buffer.from(base64, 'base64')).digest('base64')

export const composeClients = ({ read, transact, clock }: Core) => {
  const deps = { read, transact, clock, newId: uuidv7, digest: sha256OfBase64 }
  return {
    showProfile: showProfile(deps), saveProfile: saveProfile(deps), isProfileComplete: isProfileComplete(deps),
    listSshKeys: listSshKeys(deps), addSshKey: addSshKey(deps), removeSshKey: removeSshKey(deps),
  }
}

import { listSshKeys } from '#shared/contracts/ssh-keys.ts'
import { defineRoute } from '#server/platform/http.ts'

export default defineRoute(listSshKeys, ({ app, actor }) => app.clients.listSshKeys(actor.id))

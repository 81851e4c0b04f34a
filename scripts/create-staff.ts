import { stdin, stdout } from 'node:process'
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { openDatabase } from '#db/client.ts'
import { users } from '#db/schema/index.ts'
import { uuidv7 } from '#server/platform/ids.ts'
import { scryptPasswords } from '#server/platform/passwords.ts'
import { staffRoles } from '#shared/vocabulary/roles.ts'
import type { StaffRole } from '#shared/vocabulary/roles.ts'

/** `npm run staff:create -- <role> <e-mail> "<name>"`: makes a staff account on `DATABASE_URL`. The password is asked for, or read from a pipe. */
const [role = '', email = '', name = ''] = process.argv.slice(2)
const url = process.env.DATABASE_URL
if (!url || !staffRoles.includes(role as StaffRole) || !/^[^\s@]+@[^\s@]+$/.test(email) || name.length < 2) {
  console.error(`usage: DATABASE_URL=postgres://… npm run staff:create -- <${staffRoles.join('|')}> <e-mail> "<name>"`)
  process.exit(2)
}
// What is typed is not echoed.
const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
const prompt = createInterface({ input: stdin, output: silent, terminal: stdin.isTTY })
if (stdin.isTTY) stdout.write('Password (at least 12 characters): ')
const password = await prompt.question('')
prompt.close()
stdout.write('\n')
if (password.length < 12) {
  console.error('The password needs at least 12 characters; nothing was made.')
  process.exit(2)
}
const database = await openDatabase({ url })
const now = new Date()
const [made] = await database.executor.insert(users).values({ id: uuidv7(), email: email.toLowerCase(), name, passwordHash: await scryptPasswords().hash(password), role: role as StaffRole, emailVerifiedAt: now, createdAt: now }).onConflictDoNothing().returning({ id: users.id })
await database.close()
console.log(made ? `${role} ${email} can log in now; switch on two-factor authentication under Security.` : `${email} exists already; nothing was changed.`)
process.exit(made ? 0 : 1)

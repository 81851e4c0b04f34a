import { randomBytes, randomUUID } from 'node:crypto'
import { generate } from 'otplib'
import { SignJWT } from 'jose'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SignedIn } from '#server/identity/open-session.ts'
import { AppError } from '#shared/errors/codes.ts'
import type { ErrorCode } from '#shared/errors/codes.ts'
import type { Role } from '#shared/vocabulary/roles.ts'
import { databaseKinds, startTestApp, testClock } from '../support/app.ts'
import type { TestApp } from '../support/app.ts'

const device = { userAgent: 'test', ip: '192.0.2.1' }
const password = 'kopi-tubruk-pagi-7'
const codeOf = (work: Promise<unknown>): Promise<ErrorCode | 'ok'> => work.then(() => 'ok' as const, error => error instanceof AppError ? error.code : Promise.reject(error as Error))
let counter = 0
const newEmail = (label: string) => `${label}-${++counter}@pelanggan.test`

describe.each(databaseKinds())('identity on %s', (kind) => {
  let test: TestApp
  const secret = randomBytes(40).toString('base64url')
  const wall = testClock('2026-11-02T03:00:00Z')
  beforeAll(async () => {
    test = await startTestApp({ kind, workers: false, env: { JWT_SECRET: secret }, wallClock: wall })
  })
  afterAll(() => test.close())

  const identity = () => test.app.identity
  const rows = async <T>(query: ReturnType<typeof sql>) => ((await test.app.core.database.executor.execute(query)) as unknown as { rows: T[] }).rows
  const mailsTo = (email: string) => rows<{ template: string, params: Record<string, string> }>(sql`select template, params from mails where recipient = ${email} order by created_at, id`)
  const codeFor = async (email: string, template: string) => (await mailsTo(email)).filter(mail => mail.template === template).at(-1)?.params.code ?? ''
  const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')
  const registered = async (label: string) => {
    const email = newEmail(label)
    await identity().registerClient({ name: 'Sri Rahayu', email, password, locale: 'id' })
    return email
  }
  const member = async (label: string): Promise<{ email: string, in: SignedIn }> => {
    const email = await registered(label)
    return { email, in: await identity().verifyEmail({ email, code: await codeFor(email, 'verify_email') }, device) }
  }
  const callerFor = (signedIn: SignedIn) => ({ userId: signedIn.user.id, sessionId: signedIn.sessionId })
  const totpCode = (secret: string) => generate({ secret, epoch: Math.floor(wall.now().getTime() / 1000) })
  const withTotp = async (label: string) => {
    const user = await member(label)
    const { secret } = await identity().setUpTotp(callerFor(user.in), { password })
    const { recoveryCodes } = await identity().enableTotp(callerFor(user.in), { code: await totpCode(secret) })
    wall.advance(30_000)
    return { ...user, secret, recoveryCodes }
  }

  it('a client registers, enters the mailed code and is signed in with a verified address', async () => {
    const { email, in: signedIn } = await member('budi')
    expect(signedIn.user).toMatchObject({ email, role: 'client', emailVerified: true, totpEnabled: false, profileComplete: false })
    expect(await identity().authenticateCaller(signedIn.accessToken)).toMatchObject({ state: 'proven', actor: { id: signedIn.user.id, role: 'client' }, sessionId: signedIn.sessionId })
  })

  it('nobody logs in before the address is verified, and only the right password learns that', async () => {
    const email = await registered('belum')
    expect(await codeOf(identity().logIn({ email, password: 'salah-sekali-99' }, device))).toBe('credentials_wrong')
    expect(await codeOf(identity().logIn({ email, password }, device))).toBe('email_unverified')
  })

  it('neither passwords nor codes nor tokens stand in the database in clear', async () => {
    const { in: signedIn } = await withTotp('rahasia')
    const all = JSON.stringify(await rows(sql`select u.*, r.code_hash, t.token_hash from users u left join recovery_codes r on r.user_id = u.id left join sessions s on s.user_id = u.id left join refresh_tokens t on t.session_id = s.id where u.id = ${signedIn.user.id}`))
    for (const clear of [password, signedIn.refreshToken, signedIn.accessToken]) expect(all).not.toContain(clear)
  })

  it('attack: OTP brute force ends after five tries, even with the right code', async () => {
    const email = await registered('tebak')
    const code = await codeFor(email, 'verify_email')
    for (let i = 0; i < 5; i++) expect(await codeOf(identity().verifyEmail({ email, code: wrong(code) }, device))).toBe('code_wrong')
    expect(await codeOf(identity().verifyEmail({ email, code }, device))).toBe('code_wrong')
  })

  it('attack: OTP brute force over many codes ends after 25 wrong tries a day', async () => {
    const email = await registered('tebak-lama')
    for (let round = 0; round < 6; round++) {
      await identity().resendCode({ email })
      const code = await codeFor(email, 'verify_email')
      for (let i = 0; i < 5; i++) await codeOf(identity().verifyEmail({ email, code: wrong(code) }, device))
    }
    await identity().resendCode({ email })
    expect(await codeOf(identity().verifyEmail({ email, code: await codeFor(email, 'verify_email') }, device))).toBe('code_wrong')
  })

  it('attack: an OTP taken by twenty requests at once signs in one of them', async () => {
    const email = await registered('serempak')
    const code = await codeFor(email, 'verify_email')
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => codeOf(identity().verifyEmail({ email, code }, device))))
    expect(outcomes.filter(outcome => outcome === 'ok')).toHaveLength(1)
    expect(outcomes.filter(outcome => outcome === 'code_wrong')).toHaveLength(19)
  })

  it('a new code replaces the old one', async () => {
    const email = await registered('ganti')
    const first = await codeFor(email, 'verify_email')
    await identity().resendCode({ email })
    const second = await codeFor(email, 'verify_email')
    if (first !== second) expect(await codeOf(identity().verifyEmail({ email, code: first }, device))).toBe('code_wrong')
    expect(await codeOf(identity().verifyEmail({ email, code: second }, device))).toBe('ok')
  })

  it('attack: uniform answers (CVE-2026-43926) for known and unknown addresses at every door', async () => {
    const { email } = await member('dikenal')
    const stranger = newEmail('asing')
    const answers = async (address: string) => ({
      register: await identity().registerClient({ name: 'Siapa Saja', email: address, password: 'lain-lagi-kopi-8', locale: 'id' }),
      resend: await identity().resendCode({ email: address }),
      forgot: await identity().requestPasswordReset({ email: address }),
      reset: await codeOf(identity().resetPassword({ email: address, code: '000000', password: 'lain-lagi-kopi-8' })),
      verify: await codeOf(identity().verifyEmail({ email: address, code: '000000' }, device)),
      login: await codeOf(identity().logIn({ email: address, password: 'salah-sekali-99' }, device)),
    })
    const forgot = newEmail('asing-lupa')
    expect(await answers(email)).toEqual({ ...await answers(stranger), verify: 'code_wrong' })
    expect(await codeOf(identity().resetPassword({ email: forgot, code: '123456', password })).then(String)).toBe('code_wrong')
    expect((await mailsTo(email)).map(mail => mail.template)).toEqual(['verify_email', 'account_exists', 'reset_password'])
    expect(await identity().logIn({ email, password }, device)).toBeTruthy()
  })

  it('attack: an unknown address costs at least as long as the floor at the doors that mail', async () => {
    const started = performance.now()
    await identity().requestPasswordReset({ email: newEmail('tiada') })
    await identity().resendCode({ email: newEmail('tiada') })
    expect(performance.now() - started).toBeGreaterThanOrEqual(490)
  })

  it('attack: who registers a stranger\'s waiting address with another password gets no password in', async () => {
    const email = await registered('rebutan')
    await identity().registerClient({ name: 'Penyerang', email, password: 'milik-penyerang-55', locale: 'id' })
    await identity().verifyEmail({ email, code: await codeFor(email, 'verify_email') }, device)
    expect(await codeOf(identity().logIn({ email, password: 'milik-penyerang-55' }, device))).toBe('credentials_wrong')
    expect(await codeOf(identity().logIn({ email, password }, device))).toBe('credentials_wrong')
  })

  it.each([['pendek-9', 'password_short'], ['bismillah123', 'password_common'], ['aaaaaaaaaaaa', 'password_simple'], ['abcdefghijkl', 'password_simple'], ['rahayu12345', 'password_personal']])('a weak password is refused by name: %s', async (weak, reason) => {
    const refused = await identity().registerClient({ name: 'Sri Rahayu', email: newEmail('lemah'), password: weak, locale: 'id' }).then(() => null, error => error as AppError)
    expect(refused).toMatchObject({ code: 'password_weak', fields: [{ path: 'password', code: reason }] })
  })

  it('attack: e-mail/login key case (42fc043): other letters are the same account and the same limit', async () => {
    const { email } = await member('huruf')
    for (const spelling of [email, email.toUpperCase(), ` ${email} `, email.replace('h', 'H'), email]) expect(await codeOf(identity().logIn({ email: spelling, password: 'salah-sekali-99' }, device))).toBe('credentials_wrong')
    expect(await codeOf(identity().logIn({ email: email.toUpperCase(), password: 'salah-sekali-99' }, device))).toBe('credentials_wrong')
    expect(await codeOf(identity().logIn({ email, password }, device))).toBe('account_locked')
  })

  it('attack: fifty wrong passwords at once are judged six times and lock the account, whose owner is told once', async () => {
    const { email } = await member('serbu')
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => codeOf(identity().logIn({ email, password: 'salah-sekali-99' }, device))))
    expect(outcomes.filter(outcome => outcome === 'credentials_wrong')).toHaveLength(6)
    expect(outcomes.filter(outcome => outcome === 'account_locked')).toHaveLength(44)
    expect((await mailsTo(email)).filter(mail => mail.template === 'sign_in_locked')).toHaveLength(1)
  })

  it('attack: an unknown address is locked as a known one is', async () => {
    const email = newEmail('hantu')
    const outcomes = []
    for (let i = 0; i < 7; i++) outcomes.push(await codeOf(identity().logIn({ email, password: 'salah-sekali-99' }, device)))
    expect(outcomes).toEqual([...Array.from({ length: 6 }, () => 'credentials_wrong'), 'account_locked'])
  })

  it('attack: refresh reuse ends the whole session at once', async () => {
    const { email, in: first } = await member('curi')
    const second = await identity().refreshSession(first.refreshToken)
    wall.advance(21_000)
    expect(await codeOf(identity().refreshSession(first.refreshToken))).toBe('session_ended')
    expect(await codeOf(identity().refreshSession(second.refreshToken))).toBe('session_ended')
    expect(await identity().authenticateCaller(second.accessToken)).toEqual({ state: 'refused' })
    expect(await codeOf(identity().logIn({ email, password }, device))).toBe('ok')
  })

  it('two tabs that renew at the same moment both stay signed in', async () => {
    const { in: first } = await member('dua-tab')
    const children = await Promise.all([1, 2, 3].map(() => identity().refreshSession(first.refreshToken)))
    expect(new Set(children.map(child => child.refreshToken)).size).toBe(3)
    for (const child of children) expect(await identity().authenticateCaller(child.accessToken)).toMatchObject({ state: 'proven' })
  })

  it('attack: a made-up refresh token ends nothing and opens nothing', async () => {
    const { in: signedIn } = await member('karang')
    expect(await codeOf(identity().refreshSession(randomBytes(32).toString('base64url')))).toBe('session_ended')
    expect(await identity().authenticateCaller(signedIn.accessToken)).toMatchObject({ state: 'proven' })
  })

  it('attack: JWT matrix (CVE-2026-33746): only our own, untouched, living HS256 access token proves a caller', async () => {
    const { in: signedIn } = await member('token')
    const key = new TextEncoder().encode(secret)
    const base = (over: { sub?: string, sid?: string, role?: Role, iss?: string, aud?: string, exp?: number | null } = {}) => {
      const jwt = new SignJWT({ sid: over.sid ?? signedIn.sessionId, role: over.role ?? 'client' }).setSubject(over.sub ?? signedIn.user.id).setIssuer(over.iss ?? 'gardu').setAudience(over.aud ?? 'gardu-api').setIssuedAt(wall.now())
      return over.exp === null ? jwt : jwt.setExpirationTime(over.exp ?? new Date(wall.now().getTime() + 60_000))
    }
    const head = { alg: 'HS256', typ: 'at+jwt' } as const
    const [header = '', payload = '', signature = ''] = signedIn.accessToken.split('.')
    const b64 = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    const read = async (token: string) => (await identity().authenticateCaller(token)).state
    expect(await read(signedIn.accessToken)).toBe('proven')
    expect(await read(await base().setProtectedHeader(head).sign(key))).toBe('proven')
    const refused: Record<string, string> = {
      'alg none': `${b64({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      'alg none with the signature': `${b64({ alg: 'none', typ: 'at+jwt' })}.${payload}.${signature}`,
      'alg HS384': await base().setProtectedHeader({ ...head, alg: 'HS384' }).sign(key),
      'alg HS512': await base().setProtectedHeader({ ...head, alg: 'HS512' }).sign(key),
      'role raised': `${header}.${b64({ ...claims, role: 'owner' })}.${signature}`,
      'signature cut': `${header}.${payload}.${signature.slice(0, -2)}`,
      'no signature': `${header}.${payload}.`,
      'other key': await base().setProtectedHeader(head).sign(new TextEncoder().encode('x'.repeat(48))),
      'empty key': await base().setProtectedHeader(head).sign(new Uint8Array(1)),
      'other issuer': await base({ iss: 'lain' }).setProtectedHeader(head).sign(key),
      'other audience': await base({ aud: 'lain' }).setProtectedHeader(head).sign(key),
      'other type': await base().setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(key),
      'no expiry': await base({ exp: null }).setProtectedHeader(head).sign(key),
      'session of nobody': await base({ sid: randomUUID() }).setProtectedHeader(head).sign(key),
      'another user\'s session': await base({ sub: randomUUID() }).setProtectedHeader(head).sign(key),
      'no token': 'abc.def.ghi',
    }
    for (const [name, token] of Object.entries(refused)) expect(await read(token), name).toBe('refused')
    wall.advance(15 * 60_000 + 1000)
    expect(await read(signedIn.accessToken)).toBe('lapsed')
  })

  it('name and role are those of the database, not those of the token', async () => {
    const { in: signedIn } = await member('peran')
    await rows(sql`update users set role = 'finance', name = 'Nama Baru' where id = ${signedIn.user.id}`)
    expect(await identity().authenticateCaller(signedIn.accessToken)).toMatchObject({ actor: { role: 'finance', name: 'Nama Baru' } })
  })

  it('an ended session stops at once, also when it was in use a moment ago', async () => {
    const { in: signedIn } = await member('keluar')
    expect(await identity().authenticateCaller(signedIn.accessToken)).toMatchObject({ state: 'proven' })
    await identity().logOut({ sessionId: signedIn.sessionId, userId: signedIn.user.id })
    expect(await identity().authenticateCaller(signedIn.accessToken)).toEqual({ state: 'refused' })
    expect(await codeOf(identity().refreshSession(signedIn.refreshToken))).toBe('session_ended')
  })

  it('attack: nobody ends someone else\'s session (2574847); it is answered as one that does not exist', async () => {
    const { in: victim } = await member('korban')
    const { in: attacker } = await member('penyerang')
    expect(await codeOf(identity().endSession(callerFor(attacker), victim.sessionId))).toBe('not_found')
    expect(await codeOf(identity().endSession(callerFor(attacker), randomUUID()))).toBe('not_found')
    expect(await identity().authenticateCaller(victim.accessToken)).toMatchObject({ state: 'proven' })
    expect((await identity().listSessions(callerFor(attacker))).items.map(item => item.id)).toEqual([attacker.sessionId])
  })

  it('a changed password ends the other sessions and keeps this one', async () => {
    const { email, in: here } = await member('ganti-sandi')
    const elsewhere = await identity().logIn({ email, password }, device)
    expect(await codeOf(identity().changePassword(callerFor(here), { current: 'salah-sekali-99', password: 'teh-manis-sore-8' }))).toBe('credentials_wrong')
    await identity().changePassword(callerFor(here), { current: password, password: 'teh-manis-sore-8' })
    expect(await identity().authenticateCaller(elsewhere.accessToken)).toEqual({ state: 'refused' })
    expect(await identity().authenticateCaller(here.accessToken)).toMatchObject({ state: 'proven' })
    expect(await codeOf(identity().logIn({ email, password }, device))).toBe('credentials_wrong')
    expect((await mailsTo(email)).at(-1)?.template).toBe('password_changed')
  })

  it('a reset password ends every session, lifts the lock and its code is good once', async () => {
    const { email, in: here } = await member('lupa')
    for (let i = 0; i < 6; i++) await codeOf(identity().logIn({ email, password: 'salah-sekali-99' }, device))
    await identity().requestPasswordReset({ email })
    const code = await codeFor(email, 'reset_password')
    expect(await codeOf(identity().resetPassword({ email, code, password: 'bismillah123' }))).toBe('password_weak')
    expect(await codeOf(identity().resetPassword({ email, code, password: 'teh-manis-sore-8' }))).toBe('ok')
    expect(await codeOf(identity().resetPassword({ email, code, password: 'teh-manis-sore-9' }))).toBe('code_wrong')
    expect(await identity().authenticateCaller(here.accessToken)).toEqual({ state: 'refused' })
    expect(await codeOf(identity().logIn({ email, password: 'teh-manis-sore-8' }, device))).toBe('ok')
  })

  it('attack: 2FA on every login path (c50aa26): password, e-mail code and reset all stop at the second factor', async () => {
    const { email, secret } = await withTotp('dua-faktor')
    expect(await codeOf(identity().logIn({ email, password }, device))).toBe('totp_required')
    expect(await codeOf(identity().logIn({ email, password: 'salah-sekali-99', totp: await totpCode(secret) }, device))).toBe('credentials_wrong')
    await identity().resendCode({ email })
    expect(await codeFor(email, 'verify_email').then(code => codeOf(identity().verifyEmail({ email, code }, device)))).toBe('code_wrong')
    await identity().requestPasswordReset({ email })
    await identity().resetPassword({ email, code: await codeFor(email, 'reset_password'), password: 'teh-manis-sore-8' })
    expect(await codeOf(identity().logIn({ email, password: 'teh-manis-sore-8' }, device))).toBe('totp_required')
    expect(await codeOf(identity().logIn({ email, password: 'teh-manis-sore-8', totp: await totpCode(secret) }, device))).toBe('ok')
  })

  it('a TOTP code is good once, also for twenty at once, and an earlier one is not good after it', async () => {
    const { email, secret } = await withTotp('sekali')
    const earlier = await totpCode(secret)
    wall.advance(30_000)
    const code = await totpCode(secret)
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => codeOf(identity().logIn({ email, password, totp: code }, device))))
    expect(outcomes.filter(outcome => outcome === 'ok')).toHaveLength(1)
    expect(await codeOf(identity().logIn({ email, password, totp: earlier }, device))).toBe('totp_wrong')
  })

  it('attack: TOTP brute force locks the account', async () => {
    const { email, secret } = await withTotp('tebak-totp')
    const outcomes = []
    for (let i = 0; i < 7; i++) outcomes.push(await codeOf(identity().logIn({ email, password, totp: wrong(await totpCode(secret)) }, device)))
    expect(outcomes.at(-1)).toBe('account_locked')
    expect(await codeOf(identity().logIn({ email, password, totp: await totpCode(secret) }, device))).toBe('account_locked')
  })

  it('a recovery code is good once, whatever its case and dash', async () => {
    const { email, recoveryCodes } = await withTotp('cadangan')
    const [first = '', second = ''] = recoveryCodes
    expect(new Set(recoveryCodes).size).toBe(10)
    expect(await codeOf(identity().logIn({ email, password, totp: first.toUpperCase() }, device))).toBe('ok')
    expect(await codeOf(identity().logIn({ email, password, totp: first }, device))).toBe('totp_wrong')
    expect(await codeOf(identity().logIn({ email, password, totp: second.replace('-', '') }, device))).toBe('ok')
  })

  it('attack: disabling TOTP needs the password and a code anew', async () => {
    const { email, in: here, secret, recoveryCodes } = await withTotp('lepas')
    expect(await codeOf(identity().disableTotp(callerFor(here), { password: 'salah-sekali-99', code: await totpCode(secret) }))).toBe('credentials_wrong')
    expect(await codeOf(identity().disableTotp(callerFor(here), { password, code: wrong(await totpCode(secret)) }))).toBe('totp_wrong')
    expect(await codeOf(identity().setUpTotp(callerFor(here), { password }))).toBe('conflict')
    expect(await codeOf(identity().disableTotp(callerFor(here), { password, code: recoveryCodes[0] ?? '' }))).toBe('ok')
    expect(await codeOf(identity().logIn({ email, password }, device))).toBe('ok')
  })

  it('a secret that was set up but not confirmed asks for nothing at the log-in', async () => {
    const { email, in: here } = await member('setengah')
    const { secret, qrSvg, uri } = await identity().setUpTotp(callerFor(here), { password })
    expect(uri).toContain(`secret=${secret}`)
    expect(qrSvg).toMatch(/^<svg[^>]*>/)
    expect(await codeOf(identity().logIn({ email, password }, device))).toBe('ok')
    expect(await codeOf(identity().enableTotp(callerFor(here), { code: wrong(await totpCode(secret)) }))).toBe('totp_wrong')
  })

  it('a billing profile is saved, shown and counts as complete', async () => {
    const { in: here } = await member('profil')
    expect(await test.app.clients.showProfile(here.user.id)).toEqual({ profile: null })
    const profile = { kind: 'person' as const, companyName: null, nik: '3171234567890123', npwp: null, phone: '+628123456789', addressLine: 'Jl. Melati No. 5', city: 'Bandung', province: 'Jawa Barat', postalCode: '40111', country: 'ID' as const }
    await test.app.clients.saveProfile(here.user.id, profile)
    await test.app.clients.saveProfile(here.user.id, { ...profile, city: 'Cimahi' })
    expect((await test.app.clients.showProfile(here.user.id)).profile).toEqual({ ...profile, city: 'Cimahi' })
    expect(await identity().showMe(here.user.id)).toMatchObject({ profileComplete: true })
    await test.app.clients.saveProfile(here.user.id, { ...profile, postalCode: '4' })
    expect(await test.app.clients.isProfileComplete(here.user.id)).toBe(false)
  })
})

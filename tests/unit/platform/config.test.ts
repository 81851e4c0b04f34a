import { globSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ConfigError } from '#server/platform/config.ts'
import { loadConfig } from '#server/platform/config.ts'

const strong = 'kV9!tq3XzR7pLm2WcY5sNb8HdJ4fGa6e'
const good = {
  GARDU_BASE_URL: 'https://gardu.contoh.test/', DATABASE_URL: 'postgres://u:p@db/gardu', REDIS_URL: 'redis://cache', SMTP_URL: 'smtp://mail',
  JWT_SECRET: strong, NUXT_SESSION_PASSWORD: strong.split('').reverse().join(''), ENCRYPTION_KEY: Buffer.from(strong).toString('base64'),
}
const problems = (env: Record<string, string | undefined>) => {
  try {
    loadConfig(env)
    return []
  } catch (error) {
    return (error as ConfigError).problems
  }
}

describe('configuration', () => {
  it('starts with what production needs, and nothing more', () => {
    expect(loadConfig(good)).toMatchObject({ GARDU_MODE: 'production', GARDU_BASE_URL: 'https://gardu.contoh.test', GARDU_DEMO: false })
  })

  it.each(['GARDU_BASE_URL', 'DATABASE_URL', 'REDIS_URL', 'SMTP_URL', 'JWT_SECRET', 'NUXT_SESSION_PASSWORD', 'ENCRYPTION_KEY'])('production without %s does not start and names it', (name) => {
    expect(problems({ ...good, [name]: undefined }).join()).toContain(name)
    expect(problems({ ...good, [name]: '' }).join()).toContain(name)
  })

  it.each([['JWT_SECRET', 'short'], ['JWT_SECRET', 'a'.repeat(64)], ['NUXT_SESSION_PASSWORD', 'please-change-me-please-change-me-1234'], ['ENCRYPTION_KEY', 'AAAA'], ['ENCRYPTION_KEY', Buffer.alloc(32).toString('base64')]])('a weak %s is refused by name', (name, value) => {
    expect(problems({ ...good, [name]: value }).join()).toContain(`${name} is weak`)
  })

  it('names every problem at once', () => {
    expect(problems({}).length).toBeGreaterThanOrEqual(7)
  })

  it('never tells a secret in its message', () => {
    expect(problems({ ...good, JWT_SECRET: 'hunter2' }).join()).not.toContain('hunter2')
  })

  it('demo mode cannot be switched on in production', () => {
    expect(problems({ ...good, GARDU_DEMO: '1' }).join()).toContain('GARDU_DEMO')
  })

  it('D25: every setting is read by something, and each that README.md promises is one', () => {
    const settings = [...readFileSync('server/platform/config.ts', 'utf8').matchAll(/^ {2}([A-Z][A-Z_]+):/gm)].map(([, name]) => name ?? '')
    const sources = globSync(['server/**/*.ts', 'scripts/*.ts']).filter(file => file !== 'server/platform/config.ts').map(file => readFileSync(file, 'utf8')).join('\n')
    // Read by nuxt-auth-utils itself, which seals the session cookie with it.
    const unread = settings.filter(name => name !== 'NUXT_SESSION_PASSWORD' && !new RegExp(`\\b${name}\\b`).test(sources))
    expect(unread).toEqual([])
    const table = readFileSync('README.md', 'utf8').split('### Configuration')[1]?.split('\n## ')[0] ?? ''
    const promised = table.split('\n').flatMap(line => [...(line.split('|')[1] ?? '').matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name ?? ''))
    // Two are Nitro's own.
    expect(promised.filter(name => !settings.includes(name) && name !== 'PORT' && name !== 'HOST')).toEqual([])
    expect(promised.length).toBeGreaterThan(20)
  })
})

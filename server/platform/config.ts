import { z } from 'zod'

/**
 * Everything the environment may say, in one place. In production a missing or weak secret stops the start and is named;
 * the embedded modes (development, demo, tests) get theirs from `.data/secrets.json`, made at the first start.
 */
const flag = z.enum(['0', '1', 'true', 'false']).default('0').transform(v => v === '1' || v === 'true')
const optional = z.string().trim().min(1).optional()
const strong = (name: string) => z.string({ error: `${name} is missing` }).min(32, `${name} is weak: at least 32 characters`)
  .refine(v => new Set(v).size >= 10, `${name} is weak: too few different characters`)
  .refine(v => !/change.?me|secret.?secret|password|example/i.test(v), `${name} is weak: it looks like a placeholder`)

const shape = z.object({
  GARDU_MODE: z.enum(['production', 'embedded']).default('production'),
  GARDU_DEMO: flag,
  GARDU_DATA_DIR: z.string().default('.data'),
  GARDU_MIGRATIONS_DIR: z.string().default('db/migrations'),
  /** The public address, without a trailing slash: in links of mails, canonical links, the gateway's return address. */
  GARDU_BASE_URL: z.url({ protocol: /^https?$/, error: 'GARDU_BASE_URL is missing or not an address' }).transform(v => v.replace(/\/+$/, '')),
  /** How many proxies stand in front: 0 means the peer's own address is the visitor's. */
  GARDU_TRUST_PROXY: flag,
  GARDU_TIME_ZONE: z.string().default('Asia/Jakarta'),
  /** So many days the backups of an ended service are kept. */
  GARDU_BACKUPS_KEPT_DAYS: z.coerce.number().int().min(0).max(3650).default(14),
  /** So many days what became of outgoing webhook deliveries is kept. */
  GARDU_WEBHOOKS_KEPT_DAYS: z.coerce.number().int().min(1).max(3650).default(90),
  GARDU_WORKERS: z.enum(['on', 'off']).default('on'),
  GARDU_LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'silent']).default('info'),
  DATABASE_URL: z.string().regex(/^postgres(ql)?:\/\//, 'DATABASE_URL must begin with postgres://').optional(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(200).default(10),
  REDIS_URL: z.string().regex(/^rediss?:\/\//, 'REDIS_URL must begin with redis:// or rediss://').optional(),
  SMTP_URL: z.string().regex(/^smtps?:\/\//, 'SMTP_URL must begin with smtp:// or smtps://').optional(),
  MAIL_FROM: z.string().default('Gardu <no-reply@gardu.test>'),
  JWT_SECRET: strong('JWT_SECRET'),
  NUXT_SESSION_PASSWORD: strong('NUXT_SESSION_PASSWORD'),
  /** 32 bytes in base64; several separated by commas: the first seals, all open. */
  ENCRYPTION_KEY: z.string({ error: 'ENCRYPTION_KEY is missing' }).transform(v => v.split(',').map(k => Buffer.from(k.trim(), 'base64'))).refine(keys => keys.length > 0 && keys.every(k => k.length === 32 && new Set(k).size >= 8), 'ENCRYPTION_KEY is weak: 32 random bytes in base64 (openssl rand -base64 32)'),
  MIDTRANS_SERVER_KEY: optional,
  /** Newer dashboards have a signing secret of its own; without it the server key signs. */
  MIDTRANS_SIGNATURE_KEY: optional,
  MIDTRANS_API_URL: z.url().default('https://api.sandbox.midtrans.com'),
  MIDTRANS_SNAP_URL: z.url().default('https://app.sandbox.midtrans.com'),
  XENDIT_SECRET_KEY: optional,
  /** The same for test and live mode: the key says which. */
  XENDIT_API_URL: z.url().default('https://api.xendit.co'),
  XENDIT_CALLBACK_TOKEN: optional,
  RDAP_BOOTSTRAP_URL: z.url().default('https://data.iana.org/rdap/dns.json'),
  /** `host:port` of webhook receivers that may be private and without TLS, separated by commas: for demos and tests. */
  GARDU_WEBHOOK_ALLOW: z.string().default('').transform(v => v.split(',').map(entry => entry.trim().toLowerCase()).filter(Boolean)).refine(entries => entries.every(entry => /^[^\s/@]+:\d{1,5}$/.test(entry)), 'GARDU_WEBHOOK_ALLOW is a list of host:port'),
  SELLER_NAME: z.string().default('PT Gardu Nusantara'),
  SELLER_ADDRESS: z.string().default('Jl. Jenderal Sudirman Kav. 1, Jakarta Pusat 10220'),
  SELLER_EMAIL: z.string().default('billing@gardu.test'),
  SELLER_PHONE: optional,
  SELLER_NPWP: optional,
  /** A seller who is not PKP must not charge PPN. */
  SELLER_PKP: z.enum(['on', 'off']).default('on'),
})

export type Config = z.output<typeof shape>

export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`Gardu cannot start:\n${problems.map(p => `  - ${p}`).join('\n')}\nSee the configuration table in README.md.`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/** @throws ConfigError naming every problem at once. */
export function loadConfig(env: Record<string, string | undefined>): Config {
  const parsed = shape.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')))
  const problems = parsed.success ? [] : parsed.error.issues.map(issue => issue.message.includes(String(issue.path[0])) ? issue.message : `${String(issue.path[0])}: ${issue.message}`)
  const production = (env.GARDU_MODE ?? 'production') === 'production'
  if (production) {
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'SMTP_URL']) if (!env[name]) problems.push(`${name} is missing`)
    if (env.GARDU_DEMO === '1' || env.GARDU_DEMO === 'true') problems.push('GARDU_DEMO is only for the embedded mode')
  }
  if (parsed.success && problems.length === 0) return parsed.data
  throw new ConfigError(problems)
}

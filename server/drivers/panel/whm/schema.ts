import { z } from 'zod'

/** What WHM answers, as far as we read it. Numbers come as strings, flags as 1, "1", 0, "" or not at all: what is not clearly a yes is a no. */
const num = z.coerce.number()
const flag = z.unknown().transform(value => value === 1 || value === '1' || value === true)
/** `"500"`, `"unlimited"`, `500`, `null`. */
const limit = z.union([z.string(), z.number(), z.null()]).optional().transform(value => value === null || value === undefined || value === '' || !Number.isFinite(Number(value)) ? null : Number(value))
/** `"14M"`, `"500M"`, `"none"`, `"unlimited"`. */
const size = z.union([z.string(), z.number(), z.null()]).optional().transform((value) => {
  const [, digits, unit] = /^(\d+(?:\.\d+)?)\s*([KMGT]?)/i.exec(String(value ?? '')) ?? []
  return digits === undefined ? null : Number(digits) * ({ K: 1 / 1024, G: 1024, T: 1_048_576 }[unit?.toUpperCase() ?? ''] ?? 1)
})

export const envelope = z.object({ metadata: z.object({ result: num, reason: z.string().nullish() }), data: z.unknown() })
/** How a token is refused, with status 403. */
export const refusal = z.object({ cpanelresult: z.object({ error: z.string().optional(), data: z.object({ reason: z.string().optional() }).optional() }) })
export const nothing = z.unknown()

export const version = z.object({ version: z.string() })
export const hostname = z.object({ hostname: z.string() })
export const nameservers = z.object({ nameservers: z.array(z.string()).default([]) })
export const load = z.object({ one: num })
export const users = z.object({ users: num })
export const partitions = z.object({ partition: z.array(z.object({ mount: z.string(), total: num, used: num })) })
/** A list that holds exactly one object. */
export const privileges = z.object({ privileges: z.tuple([z.record(z.string(), flag)]).rest(z.unknown()) })

export const packages = z.object({
  pkg: z.array(z.object({ name: z.string(), QUOTA: limit, BWLIMIT: limit, MAXADDON: limit, MAXPOP: limit, MAXSQL: limit })).default([]),
})

export const account = z.object({
  user: z.string(), domain: z.string(), email: z.string().default(''), plan: z.string().default(''), ip: z.string().default(''), uid: z.coerce.string().regex(/^\d+$/), unix_startdate: num,
  suspended: flag, suspendreason: z.string().default(''), diskused: size, disklimit: size,
})
export type Account = z.output<typeof account>
export const accounts = z.object({ acct: z.array(account) })

export const session = z.object({ url: z.url({ protocol: /^https$/ }), expires: num })
export const bandwidth = z.object({ acct: z.array(z.object({ user: z.string(), totalbytes: num.default(0) })).default([]) })

/** The answer of an account's own API inside WHM's. */
export const uapi = z.object({ uapi: z.object({ status: num, data: z.unknown(), errors: z.array(z.string()).nullish() }) })

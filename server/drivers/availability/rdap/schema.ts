import { z } from 'zod'

/** RFC 9224: `services` pairs lists of top levels with lists of base addresses, best first. */
export const bootstrapFile = z.object({ services: z.array(z.tuple([z.array(z.string()), z.array(z.string())]).rest(z.unknown())).max(5000) })
/** RFC 9083, section 5.3: what a registered name answers; only what is needed to know it is one. */
export const domainObject = z.object({ objectClassName: z.string().regex(/^domain$/i), ldhName: z.string().optional() })
/** RFC 9083, section 6. */
export const errorObject = z.object({ errorCode: z.number().int() })

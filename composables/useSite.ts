import type { Site } from '~/plugins/site.ts'

/** What the server told of the seller; the same on server and in the browser. */
export const useSite = (): Site => useState<Site>('site').value

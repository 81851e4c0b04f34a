/** The Redis that tests use, or null where there is none; with `CI=true` nothing is left out. */
export function redisUrl(): string | null {
  const url = process.env.GARDU_TEST_REDIS_URL ?? null
  if (!url && process.env.CI === 'true') throw new Error('GARDU_TEST_REDIS_URL must name a Redis server: with CI=true nothing is left out')
  return url
}

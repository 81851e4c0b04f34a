/** Every length of time and count that identity promises, in seconds where nothing else is said. */
export const limits = {
  accessTokenLifetime: 15 * 60,
  /** A session that is not used for so long lapses; each renewal starts the time anew. */
  sessionLifetime: 30 * 86_400,
  /** Two tabs renew at the same moment: the second use of a token within this time is not a theft. */
  refreshLeeway: 20,
  /** For so long at most a changed or ended session may still be believed. */
  sessionCache: 5,
  codeLifetime: 10 * 60,
  triesPerCode: 5,
  /** Wrong codes for one address and purpose in a day, over all its codes: a million codes are not guessed 25 at a time. */
  wrongCodesPerDay: 25,
  /** Wrong passwords that cost nothing but the time they take. */
  freeTries: 5,
  firstLock: 60,
  longestLock: 15 * 60,
  triesRememberedFor: 3600,
  recoveryCodes: 10,
  /** Answers about an address take at least so long, in milliseconds, whether it is known or not. */
  uniformAnswerMilliseconds: 250,
} as const

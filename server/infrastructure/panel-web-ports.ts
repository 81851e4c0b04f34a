/**
 * One account as ours. `user` and `domain` say where it is looked for and prove nothing. `ownershipMark` is the mark with which it was created;
 * `birth` what the panel said of its creation when it was first read back (null: it was not read back yet). One of both has to agree.
 */
export interface AccountRef { readonly user: string, readonly domain: string, readonly ownershipMark: string, readonly birth: string | null }

/** The certificate that a domain of an account answers with. `validUntil` null: it has none. */
export interface DomainCertificate {
  readonly domain: string, readonly issuer: string | null, readonly validUntil: Date | null, readonly selfSigned: boolean
  /** Why the panel could not renew it by itself, in the panel's words; null: nothing is known to be wrong. */
  readonly problem: string | null
}
/** `domains` null: the panel does not tell them to this token, or for this account. */
export interface AccountCertificates { readonly domains: readonly DomainCertificate[] | null, /** The panel is renewing right now. */ readonly checking: boolean }
export interface Month { readonly year: number, readonly month: number }

/** What a control panel knows of an account's sites. Part of `PanelDriver`; its guarantees hold here. */
export interface PanelWeb {
  /** Of every domain of the account, its main domain first, at most a hundred. */
  certificates(account: AccountRef): Promise<AccountCertificates>
  /** Asks the panel to look at the account's certificates now and to renew what it can, in the background. @throws DriverError permanent while the account is suspended */
  checkCertificates(account: AccountRef): Promise<void>
  /** Bytes that the account's domains transferred, by month, as asked for. */
  trafficByMonth(account: AccountRef, months: readonly Month[]): Promise<number[]>
}

/** What is known of an account's sites; a part that its panel does not tell is null. Certificates are read at most once a minute, months at most once an hour. */
export interface ReadWeb {
  certificates(input: { readonly connectionId: string, readonly ref: AccountRef }): Promise<(AccountCertificates & { readonly at: Date }) | null>
  traffic(input: { readonly connectionId: string, readonly ref: AccountRef, readonly months: readonly Month[] }): Promise<readonly number[] | null>
  /** The next look asks the panel again. */
  forget(ownershipMark: string): void
}

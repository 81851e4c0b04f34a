/** A package as the panel sells it; a limit that is null is none. */
export interface RemotePackage { readonly name: string, readonly diskMiB: number | null, readonly bandwidthMiB: number | null, readonly maxAddonDomains: number | null, readonly maxMailboxes: number | null, readonly maxDatabases: number | null }

/** Making packages on a control panel. Part of `PanelDriver`; its guarantees hold here. */
export interface PanelPackages {
  /**
   * A package as asked for, as it was read back; the panel may put its user's name before the package's. A lost answer is looked into before this answers.
   * @throws DriverError permanent about name_taken when one of that name is there already: it is not touched, even if it is equal
   */
  createPackage(wish: RemotePackage): Promise<RemotePackage>
  /** Gives a package other limits. @throws DriverError permanent about changed_elsewhere when it is not `known` any more and not `wish` either, not_found when it is gone */
  changeLimits(known: RemotePackage, wish: Omit<RemotePackage, 'name'>): Promise<RemotePackage>
}

/** Rights of a WHM token, by WHM's own names. Without one of these accounts are not made, run and ended. */
export const neededPanelRights = ['list-accts', 'acct-summary', 'create-acct', 'edit-account', 'suspend-acct', 'kill-acct', 'upgrade-account', 'passwd', 'list-pkgs', 'create-user-session', 'show-bandwidth', 'basic-system-info'] as const
/** Without one of these something of a panel is missing, and the rest works. `all`, every right, is what WHM asks of those who read its backups and restore from them. */
export const furtherPanelRights = ['basic-whm-functions', 'cpanel-api', 'ssl', 'add-pkg', 'edit-pkg', 'all'] as const
const known = [...neededPanelRights, ...furtherPanelRights] as const
export type PanelRight = typeof known[number]
export const isPanelRight = (name: string): name is PanelRight => known.some(each => each === name)
export const isNeededPanelRight = (name: string): boolean => neededPanelRights.some(each => each === name)

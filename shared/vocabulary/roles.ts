export const roles = ['client', 'sysadmin', 'business', 'finance', 'owner'] as const
export type Role = typeof roles[number]
export const staffRoles = ['sysadmin', 'business', 'finance', 'owner'] as const
export type StaffRole = typeof staffRoles[number]

/**
 * Who may call a route. `public`: anybody; `user`: anybody signed in with a verified e-mail; `client`: the buyer's own portal;
 * `staff`: any staff role; `sales`: business or finance; `gateway`: a payment gateway, proven by its signature; `demo`: only when the demo mode runs.
 * The owner passes wherever one staff role does.
 */
export const accesses = ['public', 'user', 'client', 'staff', 'sysadmin', 'business', 'finance', 'owner', 'sales', 'gateway', 'demo'] as const
export type Access = typeof accesses[number]

export const isStaff = (role: Role): role is StaffRole => role !== 'client'

/** Whether a caller (no role: anonymous) passes an access decision. `gateway` and `demo` are decided by their own checks. */
export function mayPass(access: Access, role: Role | undefined): boolean {
  switch (access) {
    case 'public': case 'gateway': case 'demo': return true
    case 'user': return role !== undefined
    case 'client': return role === 'client'
    case 'staff': return role !== undefined && isStaff(role)
    case 'sysadmin': case 'business': case 'finance': return role === access || role === 'owner'
    case 'sales': return role === 'finance' || mayPass('business', role)
    case 'owner': return role === 'owner'
  }
}

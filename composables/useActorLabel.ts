/** Who acted, from what a run or a change of state keeps (`owner:<id>`, `system:provisioning`): the role in words. */
export function useActorLabel() {
  const { t, te } = useI18n()
  return (actor: string): string => {
    const [kind = '', what] = actor.split(':')
    if (kind === 'system') return what ? `${t('common.role.system')} (${what})` : t('common.role.system')
    return te(`common.role.${kind}`) ? t(`common.role.${kind}`) : actor
  }
}

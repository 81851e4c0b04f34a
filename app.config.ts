export default defineAppConfig({ ui: { colors: { primary: 'gardu', neutral: 'slate' } } })

/* The page's own words, in English and Chinese. Texts of alerts stay as the rules say them. */

const english = {
    'app.skip': 'Skip to content',
    'view.inbox': 'Inbox', 'view.systems': 'AI systems', 'view.discovered': 'Discovered',
    'view.gateways': 'Gateways', 'view.time': 'Time',
    'severity.0': 'Info', 'severity.1': 'Low', 'severity.2': 'Medium', 'severity.3': 'High',
    'severity.4': 'Critical',
    'tier.T0': 'Observer', 'tier.T1': 'Advisor', 'tier.T2': 'Supervised actor',
    'tier.T3': 'Bounded autonomous actor', 'tier.T4': 'Safety-related', 'tier.none': 'no tier',
    'kind.ai_system': 'AI system', 'kind.asset': 'asset', 'kind.unregistered': 'not registered',
    'family.IDN': 'Identity', 'family.CRY': 'Protection', 'family.PRV': 'Privilege', 'family.CMD': 'Commands',
    'family.OVR': 'Oversight', 'family.INP': 'Inputs', 'family.INJ': 'Injection', 'family.HAL': 'Invention',
    'family.MDL': 'Model', 'family.NET': 'Network', 'family.AVL': 'Availability',
    'link.idle': 'Not connected', 'link.connecting': 'Connecting', 'link.online': 'Live',
    'link.waiting': 'Broker away, trying again', 'link.refused': 'Refused', 'link.file': 'Replay file',
    'top.language': '\u4e2d\u6587', 'top.theme': 'Theme: {theme}', 'theme.auto': 'auto',
    'theme.light': 'light', 'theme.dark': 'dark', 'top.keys': 'Keys', 'top.open': 'Source',
    'filter.text': 'Filter: text, rule, actor, target', 'filter.severity': 'Severity', 'filter.tier': 'Tier',
    'filter.show': 'Show', 'filter.open': 'Open', 'filter.done': 'Acknowledged', 'filter.all': 'All',
    'filter.sort': 'Order', 'sort.last': 'Newest first', 'sort.score': 'Highest score first',
    'sort.count': 'Most often first', 'filter.clear': 'Clear filters', 'filter.from': 'From', 'filter.to': 'To',
    'filter.period': '{from} to {to}',
    'inbox.shown': '{n} of {all} alerts', 'inbox.none': 'No alerts yet.',
    'inbox.nothing': 'No alert passes the filters.', 'inbox.list': 'Alerts',
    'inbox.waiting': 'Alerts appear here within a second of being published.',
    'inbox.odd': '{n} messages were no alerts', 'inbox.letgo': '{n} older alerts were let go',
    'column.severity': 'Severity', 'column.tier': 'Tier', 'column.what': 'What happened', 'column.count': 'Count',
    'column.age': 'Age', 'column.time': 'Last seen',
    'alert.close': 'Close', 'alert.ack': 'Acknowledge', 'alert.unack': 'Take back', 'alert.acked': 'Acknowledged {when}',
    'alert.note': 'Note (kept in this browser)', 'alert.what': 'What happened', 'alert.why': 'Why this score',
    'alert.compare': 'Allowed and seen', 'alert.allowed': 'Allowed', 'alert.seen': 'Seen',
    'alert.advice': 'What to do', 'alert.evidence': 'Evidence', 'alert.rule': 'Rule', 'alert.history': 'More of {actor}',
    'alert.raw': 'The alert as it was sent', 'alert.gone': 'This alert is not here (any more).',
    'alert.first': 'First seen', 'alert.last': 'Last seen', 'alert.count': 'Times', 'alert.actor': 'Who',
    'alert.target': 'On what', 'alert.address': 'Connection', 'alert.gateway': 'Gateway', 'alert.identity': 'Identity',
    'alert.packets': 'Packets', 'alert.capture': 'Capture', 'alert.sha256': 'SHA-256', 'alert.flow': 'Flow',
    'alert.ruleset': 'Rule set', 'alert.inventory': 'Inventory', 'alert.engine': 'Engine', 'alert.tags': 'Tags',
    'alert.show': 'Look at the packets', 'alert.revision': 'revision {rev}', 'alert.readable': 'Readable',
    'alert.none': 'nothing else', 'alert.seq': 'Sequence', 'alert.tlp': 'May be shared', 'alert.risk': 'Risk of the actor',
    'why.evidence': 'Evidence', 'why.tier': 'Tier', 'why.asset': 'Target', 'why.context': 'Context', 'why.floor': 'Floor',
    'why.of': '{evidence}, strength {strength}, severity {severity}: p {p}',
    'why.times': '\u00d7 {factor}', 'why.least': 'at least {floor}', 'why.points': '{points} points',
    'why.adds': 'The points add up to the score of {score}.',
    'why.differs': 'The points add up to {sum}, but the alert says {score}.',
    'evidence.D': 'certain (D)', 'evidence.S': 'strong (S)', 'evidence.M': 'moderate (M)', 'evidence.W': 'weak (W)',
    'systems.none': 'No AI system has raised an alert yet.',
    'systems.note': 'AI systems that gateways have reported on. One that never raised an alert is not listed.',
    'systems.mismatch': 'Mismatch', 'identity.ip': 'IP', 'identity.mac': 'MAC', 'identity.client_id': 'MQTT client id',
    'identity.application_uri': 'OPC UA application', 'identity.user': 'User',
    'systems.risk': 'Risk now', 'systems.over': 'Risk over time', 'systems.peers': 'Whom it was seen with in alerts',
    'systems.first': 'First seen', 'systems.last': 'Last seen', 'systems.reasons': 'Because of', 'systems.alerts': 'Alerts: {n}',
    'systems.line': 'Risk from {from} to {to}, between {low} and {high}, now {now}',
    'discovered.none': 'No unregistered system has been seen.',
    'discovered.note': 'Systems that act on the plant network and are not in the inventory.',
    'discovered.did': 'What it did', 'discovered.snippet': 'For the inventory', 'discovered.as': 'Register as',
    'discovered.asset': 'an asset', 'discovered.ai': 'an AI system', 'copy': 'Copy', 'copied': 'Copied',
    'gateways.none': 'No gateway has been heard.', 'gateways.online': 'Online', 'gateways.offline': 'Offline',
    'gateways.unknown': 'State not known', 'gateways.silent': 'no word for {age}', 'gateways.received': 'Packets received',
    'gateways.dropped': 'Dropped', 'gateways.readable': 'Readable actions', 'gateways.lag': 'Not yet acknowledged by the broker',
    'gateways.missed': 'Alerts this page missed', 'gateways.reconnects': 'Reconnections', 'gateways.version': 'Version',
    'gateways.rules': 'Rules', 'gateways.boot': 'Boot', 'gateways.heard': 'Last heard', 'gateways.alerts': 'Alerts here',
    'gateways.actions': 'Actions seen', 'gateways.published': 'Published', 'gateways.gaps': 'Ranges that could not be delivered',
    'gateways.differs': 'differs from other gateways', 'gateways.drops': 'more than 0.1 % is dropped',
    'gateways.page': 'This page', 'gateways.messages': 'Messages or lines read', 'gateways.odd': 'Not understood', 'gateways.repeats': 'Received again',
    'gateways.letgo': 'Alerts let go (limit {limit})', 'gateways.from': 'From a file',
    'time.by': 'Colours by', 'time.severity': 'severity', 'time.tier': 'tier', 'time.none': 'No alerts to draw.',
    'time.hint': 'Drag over the chart to show only that time in the inbox, or give times below.', 'time.clear': 'All times',
    'time.apply': 'Show this time', 'time.counts': 'Alerts by severity and tier', 'time.chart': 'Alerts over time',
    'time.total': 'All', 'time.show': 'Show them in the inbox',
    'source.title': 'Where alerts come from', 'source.broker': 'A broker, live', 'source.url': 'WebSocket address',
    'source.user': 'User', 'source.password': 'Password', 'source.root': 'Topics', 'source.connect': 'Connect',
    'source.disconnect': 'Disconnect', 'source.hint': 'The password is not stored. For a client certificate use wss://; the browser asks which.',
    'source.file': 'A file of a replay', 'source.filehint': 'JSON lines: tierwatch replay --alerts FILE. It stays on this computer. A file can also be dropped on the page.',
    'source.choose': 'Choose a file', 'source.reading': 'Reading {name}: {n} lines', 'source.read': '{name}: {n} lines, {alerts} alerts, {odd} lines were no alerts',
    'source.failed': '{name} could not be read: {error}', 'source.close': 'Close', 'source.forget': 'Forget all that is kept in this browser',
    'source.forgot': 'Forgotten.', 'source.kept': 'This browser keeps acknowledgements, notes and these settings.',
    'source.keep': 'Keep alerts in this browser, for when the page is loaded again',
    'link.error': 'The broker can not be used: {error}', 'link.denied': 'The broker does not grant {filter}',
    'keys.title': 'Keys', 'keys.move': 'next and previous alert', 'keys.open': 'open the alert', 'keys.close': 'close it, or leave the filter',
    'keys.ack': 'acknowledge, or take back', 'keys.note': 'write a note', 'keys.filter': 'filter', 'keys.views': 'views',
    'keys.help': 'this help', 'say.alert': '{severity} alert: {summary}',
    'age.s': '{n} s', 'age.m': '{n} min', 'age.h': '{n} h', 'age.d': '{n} d',
};

const chinese = {
    'app.skip': '跳到内容',
    'view.inbox': '告警', 'view.systems': 'AI 系统', 'view.discovered': '新发现', 'view.gateways': '网关',
    'view.time': '时间',
    'severity.0': '提示', 'severity.1': '低', 'severity.2': '中', 'severity.3': '高', 'severity.4': '严重',
    'tier.T0': '观察级', 'tier.T1': '建议级', 'tier.T2': '受监督控制级', 'tier.T3': '有界自主控制级',
    'tier.T4': '安全相关级', 'tier.none': '无等级',
    'kind.ai_system': 'AI 系统', 'kind.asset': '资产', 'kind.unregistered': '未登记',
    'family.IDN': '身份', 'family.CRY': '通信保护', 'family.PRV': '权限', 'family.CMD': '指令',
    'family.OVR': '人工监督', 'family.INP': '输入', 'family.INJ': '注入', 'family.HAL': '虚构', 'family.MDL': '模型',
    'family.NET': '网络', 'family.AVL': '可用性',
    'link.idle': '未连接', 'link.connecting': '正在连接', 'link.online': '实时', 'link.waiting': '消息代理断开，正在重试',
    'link.refused': '被拒绝', 'link.file': '回放文件',
    'top.language': 'English', 'top.theme': '主题：{theme}', 'theme.auto': '自动', 'theme.light': '浅色',
    'theme.dark': '深色', 'top.keys': '快捷键', 'top.open': '数据来源',
    'filter.text': '筛选：文字、规则、主体、目标', 'filter.severity': '严重程度', 'filter.tier': '等级', 'filter.show': '显示',
    'filter.open': '未处理', 'filter.done': '已确认', 'filter.all': '全部', 'filter.sort': '排序',
    'sort.last': '最新在前', 'sort.score': '分数从高到低', 'sort.count': '次数从多到少', 'filter.clear': '清除筛选',
    'filter.from': '从', 'filter.to': '到', 'filter.period': '{from} 至 {to}',
    'inbox.shown': '{n} / {all} 条告警', 'inbox.none': '还没有告警。', 'inbox.nothing': '没有符合筛选条件的告警。',
    'inbox.list': '告警列表', 'inbox.waiting': '告警发布后一秒内会出现在这里。', 'inbox.odd': '{n} 条消息不是告警',
    'inbox.letgo': '已舍弃 {n} 条较早的告警',
    'column.severity': '严重程度', 'column.tier': '等级', 'column.what': '发生了什么', 'column.count': '次数',
    'column.age': '距今', 'column.time': '最近一次',
    'alert.close': '关闭', 'alert.ack': '确认', 'alert.unack': '撤回确认', 'alert.acked': '已于 {when} 确认',
    'alert.note': '备注（仅保存在本浏览器）', 'alert.what': '发生了什么', 'alert.why': '分数从何而来',
    'alert.compare': '允许与实际', 'alert.allowed': '允许', 'alert.seen': '实际', 'alert.advice': '建议', 'alert.evidence': '证据',
    'alert.rule': '规则', 'alert.history': '{actor} 的其他告警', 'alert.raw': '告警原文', 'alert.gone': '这条告警不在这里（或已被舍弃）。',
    'alert.first': '首次', 'alert.last': '最近', 'alert.count': '次数', 'alert.actor': '主体', 'alert.target': '目标',
    'alert.address': '连接', 'alert.gateway': '网关', 'alert.identity': '身份', 'alert.packets': '数据包', 'alert.capture': '抓包文件',
    'alert.sha256': 'SHA-256', 'alert.flow': '流', 'alert.ruleset': '规则集', 'alert.inventory': '清单', 'alert.engine': '引擎',
    'alert.tags': '标签', 'alert.show': '查看数据包', 'alert.revision': '修订 {rev}', 'alert.readable': '可读',
    'alert.none': '没有其他', 'alert.seq': '序号', 'alert.tlp': '共享范围', 'alert.risk': '主体的风险',
    'why.evidence': '证据', 'why.tier': '等级', 'why.asset': '目标', 'why.context': '情境', 'why.floor': '下限',
    'why.of': '{evidence}，强度 {strength}，严重性 {severity}：p {p}',
    'why.times': '× {factor}', 'why.least': '至少 {floor}', 'why.points': '{points} 分', 'why.adds': '各项相加正好是 {score} 分。',
    'why.differs': '各项相加为 {sum}，而告警写的是 {score}。',
    'evidence.D': '确定 (D)', 'evidence.S': '强 (S)', 'evidence.M': '中等 (M)', 'evidence.W': '弱 (W)',
    'systems.none': '还没有 AI 系统触发告警。', 'systems.note': '网关报告过的 AI 系统。从未触发告警的不在此列。',
    'systems.mismatch': '身份不符', 'identity.ip': 'IP', 'identity.mac': 'MAC', 'identity.client_id': 'MQTT 客户端 ID',
    'identity.application_uri': 'OPC UA 应用', 'identity.user': '用户',
    'systems.risk': '当前风险', 'systems.over': '风险变化', 'systems.peers': '告警中的通信对象', 'systems.first': '首次出现',
    'systems.last': '最近出现', 'systems.reasons': '原因', 'systems.alerts': '告警：{n}',
    'systems.line': '{from} 至 {to} 的风险，最低 {low}，最高 {high}，现在 {now}',
    'discovered.none': '没有发现未登记的系统。', 'discovered.note': '在工厂网络中活动、但不在清单里的系统。',
    'discovered.did': '它做了什么', 'discovered.snippet': '可加入清单', 'discovered.as': '登记为', 'discovered.asset': '资产',
    'discovered.ai': 'AI 系统', 'copy': '复制', 'copied': '已复制',
    'gateways.none': '还没有网关的消息。', 'gateways.online': '在线', 'gateways.offline': '离线', 'gateways.unknown': '状态未知',
    'gateways.silent': '已 {age} 没有消息', 'gateways.received': '收到的数据包', 'gateways.dropped': '丢弃', 'gateways.readable': '可读的操作',
    'gateways.lag': '尚未被消息代理确认', 'gateways.missed': '本页错过的告警', 'gateways.reconnects': '重连次数', 'gateways.version': '版本',
    'gateways.rules': '规则数', 'gateways.boot': '启动号', 'gateways.heard': '最近消息', 'gateways.alerts': '本页告警数',
    'gateways.actions': '观察到的操作', 'gateways.published': '已发布', 'gateways.gaps': '未能送达的范围', 'gateways.differs': '与其他网关不同',
    'gateways.drops': '丢弃超过 0.1 %', 'gateways.page': '本页', 'gateways.messages': '消息或行数', 'gateways.odd': '无法理解',
    'gateways.repeats': '重复收到', 'gateways.letgo': '已舍弃的告警（上限 {limit}）', 'gateways.from': '来自文件',
    'time.by': '着色依据', 'time.severity': '严重程度', 'time.tier': '等级', 'time.none': '没有可绘制的告警。',
    'time.hint': '在图上拖动，收件箱就只显示那段时间；也可在下面填写时间。', 'time.clear': '全部时间', 'time.apply': '只看这段时间',
    'time.counts': '按严重程度和等级统计', 'time.chart': '告警随时间的变化', 'time.total': '合计', 'time.show': '在告警列表中查看',
    'source.title': '告警来源', 'source.broker': '消息代理（实时）', 'source.url': 'WebSocket 地址', 'source.user': '用户',
    'source.password': '密码', 'source.root': '主题', 'source.connect': '连接', 'source.disconnect': '断开',
    'source.hint': '密码不会保存。使用客户端证书时请用 wss://，浏览器会询问用哪一个。', 'source.file': '回放得到的文件',
    'source.filehint': 'JSON 行：tierwatch replay --alerts FILE。文件不会离开本机，也可以直接拖到页面上。', 'source.choose': '选择文件',
    'source.reading': '正在读取 {name}：{n} 行', 'source.read': '{name}：{n} 行，{alerts} 条告警，{odd} 行不是告警',
    'source.failed': '无法读取 {name}：{error}', 'source.close': '关闭', 'source.forget': '清除本浏览器保存的一切', 'source.forgot': '已清除。',
    'source.kept': '本浏览器保存确认、备注和这些设置。',
    'source.keep': '在本浏览器中保留告警，重新打开页面时仍可查看',
    'link.error': '无法使用消息代理：{error}', 'link.denied': '消息代理不允许订阅 {filter}',
    'keys.title': '快捷键', 'keys.move': '下一条、上一条', 'keys.open': '打开告警', 'keys.close': '关闭，或离开筛选框',
    'keys.ack': '确认或撤回', 'keys.note': '写备注', 'keys.filter': '筛选', 'keys.views': '切换视图', 'keys.help': '本帮助',
    'say.alert': '{severity}告警：{summary}',
    'age.s': '{n} 秒', 'age.m': '{n} 分', 'age.h': '{n} 小时', 'age.d': '{n} 天',
};

export const languages = {en: english, zh: chinese};
let language = 'en';

export function setLanguage(name) {
    language = name in languages ? name : 'en';
}
export const languageTag = () => (language === 'zh' ? 'zh-CN' : 'en');

/* The word for `key`, with {names} filled in. */
export function t(key, values = {}) {
    const text = languages[language][key] ?? english[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}
export const has = (key) => key in english;

/* Formats are dear to make and are asked for in every row. */
const formats = new Map();

export function number(value, digits = 0) {
    const key = `${languageTag()} ${digits}`;
    if (!formats.has(key))
        formats.set(key, new Intl.NumberFormat(languageTag(), {maximumFractionDigits: digits}));
    return Number.isFinite(value) ? formats.get(key).format(value) : '\u2013';
}

export function age(ms) {
    const s = Math.max(0, Math.round(ms / 1000));
    if (s < 100)
        return t('age.s', {n: s});
    if (s < 100 * 60)
        return t('age.m', {n: Math.round(s / 60)});
    if (s < 48 * 3600)
        return t('age.h', {n: Math.round(s / 3600)});
    return t('age.d', {n: number(Math.round(s / 86400))});
}

const two = (n) => String(n).padStart(2, '0');

/* Local time; always in full, as logs and tickets want it. */
export function clock(ms) {
    const d = new Date(ms);
    return Number.isNaN(d.getTime()) ? '\u2013'
        : `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}
export function date(ms) {
    const d = new Date(ms);
    return Number.isNaN(d.getTime()) ? '\u2013'
        : `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${clock(ms)}`;
}

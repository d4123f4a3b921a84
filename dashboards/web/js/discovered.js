/* Systems that act and are not in the inventory, each with the lines that would register it. */

import {copyButton, el, facts, fill, severityMark} from './dom.js';
import {keepFocus} from './systems.js';
import {visible, yamlText} from './text.js';
import {date, number, t} from './words.js';

/* An id that says where it was seen, until somebody knows better. */
const idOf = (text) =>
    `new-${text
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-|-$/g, '')}`.slice(0, 60);
const list = (texts) => `[${[...texts].map(yamlText).join(', ')}]`;

/* A part of an inventory, valid as it is. `as`: asset or ai. */
export function snippet(stranger, as) {
    const {ip, mac, client_id: clients, application_uri: uris, user} = stranger.identity;
    const lines = [
        as === 'ai' ? 'ai_systems:' : 'assets:',
        `  - id: ${yamlText(idOf(stranger.id))}`,
        ...(as === 'ai' ? ['    tier: T1', '    owner: unknown'] : ['    kind: other']),
    ];
    const addresses = [
        ['ip', [...ip].filter((a) => /^[\da-f.:]+$/i.test(a))],
        ['mac', [...mac].filter((a) => /^[\da-f]{2}(:[\da-f]{2}){5}$/i.test(a))],
    ];
    for (const [name, all] of addresses.filter(([, some]) => some.length > 0))
        lines.push(`    ${name}: ${list(all)}`);
    const identity = [
        ['mqtt_client_id', clients],
        ['opcua_application_uri', uris],
        ['opcua_user', uris.size > 0 ? user : new Set()],
        ['mqtt_username', uris.size > 0 ? new Set() : user],
    ];
    /* An inventory takes no control characters; whoever has some in its name is told by its addresses. */
    const known = identity
        .map(([name, set]) => [name, [...set].filter((text) => !/\p{Cc}/u.test(text))])
        .filter(([, texts]) => texts.length > 0);
    if (known.length > 0)
        lines.push(
            '    identity:',
            ...known.map(([name, texts]) => `      ${name}: ${list(texts)}`),
        );
    return `${lines.join('\n')}\n`;
}

function card(stranger, view) {
    const as = view.kinds.get(stranger.key) ?? 'asset';
    const text = snippet(stranger, as);
    const rows = ['ip', 'mac', 'client_id', 'application_uri', 'user'].map((name) => [
        t(`identity.${name}`),
        [...stranger.identity[name]].map((v) => visible(v, 200)).join(', '),
    ]);
    const choose = el(
        'select',
        {
            'data-focus': `${stranger.key} as`,
            onchange: (e) => {
                view.kinds.set(stranger.key, e.target.value);
                view.render(true);
            },
        },
        ['asset', 'ai'].map((kind) =>
            el('option', {value: kind, selected: kind === as}, t(`discovered.${kind}`)),
        ),
    );
    return el(
        'article',
        {class: 'card', 'aria-label': visible(stranger.id, 80)},
        el(
            'header',
            {},
            el('h2', {dir: 'auto'}, visible(stranger.id, 200)),
            severityMark(stranger.worst),
        ),
        facts([
            ...rows.map(([name, value]) => [name, value && el('span', {dir: 'auto'}, value)]),
            [t('systems.first'), Number.isFinite(stranger.first) ? date(stranger.first) : ''],
            [t('systems.last'), stranger.last > 0 ? date(stranger.last) : ''],
            [t('alert.gateway'), visible(stranger.gateway)],
        ]),
        el(
            'section',
            {},
            el('h4', {}, t('discovered.did')),
            el(
                'ul',
                {class: 'did', tabindex: '0', 'aria-label': t('discovered.did')},
                [...stranger.did].map((what) => el('li', {dir: 'auto'}, visible(what, 300))),
            ),
        ),
        el(
            'section',
            {},
            el('h4', {}, t('discovered.snippet')),
            el('label', {class: 'choice'}, el('span', {}, t('discovered.as')), choose),
            el('pre', {class: 'snippet', tabindex: '0'}, visible(text).replaceAll('\u240a', '\n')),
            copyButton(() => text),
        ),
        el(
            'footer',
            {},
            el(
                'button',
                {
                    type: 'button',
                    class: 'small',
                    'data-focus': stranger.key,
                    onclick: () => view.show(stranger.id),
                },
                t('systems.alerts', {n: number(stranger.alerts)}),
            ),
        ),
    );
}

export class Discovered {
    constructor({store, show}) {
        Object.assign(this, {store, show});
        this.kinds = new Map();
        this.cards = el('div', {class: 'cards'});
        this.element = el(
            'section',
            {class: 'page', 'aria-label': t('view.discovered'), hidden: true},
            el('p', {class: 'note'}, t('discovered.note')),
            this.cards,
        );
    }

    render(force) {
        if (!force && this.change === this.store.change) return;
        this.change = this.store.change;
        const all = [...this.store.discovered.values()].sort(
            (a, b) => b.worst - a.worst || b.last - a.last,
        );
        keepFocus(this.cards, () =>
            fill(
                this.cards,
                all.length > 0
                    ? all.slice(0, 200).map((s) => card(s, this))
                    : el('p', {class: 'empty'}, t('discovered.none')),
            ),
        );
    }
}

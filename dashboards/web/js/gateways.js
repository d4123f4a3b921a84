/* The gateways: whether they are there, what they can not see, whether what they say gets through. */

import {el, facts, fill} from './dom.js';
import {keepFocus} from './systems.js';
import {shortDigest, visible} from './text.js';
import {age, date, number, t} from './words.js';

const silentAfter = 180000; /* stats come every minute */
const manyDrops = 0.1; /* % */

function state(g, now) {
    const known = g.state === 'online' || g.state === 'offline';
    const silent = g.state === 'online' && now - g.heard > silentAfter;
    const name = known ? g.state : g.heard > 0 ? 'unknown' : 'from';
    return el(
        'p',
        {class: `gateway-state ${name}`},
        el('i', {'aria-hidden': 'true'}),
        el('b', {}, t(`gateways.${name}`)),
        g.since ? el('span', {class: 'hint'}, date(g.since)) : null,
        silent
            ? el('span', {class: 'warning'}, t('gateways.silent', {age: age(now - g.heard)}))
            : null,
    );
}

function drops(g) {
    if (g.dropped === undefined) return '';
    return el(
        'span',
        {},
        `${number(g.dropped)} (${number(g.droppedPercent, 3)} %)`,
        g.droppedPercent > manyDrops
            ? el('span', {class: 'warning'}, ` \u26a0 ${t('gateways.drops')}`)
            : null,
    );
}

/* The share of actions whose content could be read; before the first stats, what alerts say of it. */
function readable(g) {
    if (g.stats?.actions > 0)
        return `${number(100 * (1 - g.stats.encrypted / g.stats.actions), 1)} %`;
    return Number.isFinite(g.readable) ? `${number(g.readable)} %` : '';
}

/* Gateways of one team usually have one rule set; one that was forgotten at an update shows here. */
function digest(g, name, all) {
    if (!g[name]) return '';
    const others = [...all].some((o) => o[name] && o[name] !== g[name]);
    return el(
        'span',
        {},
        el('code', {title: visible(g[name])}, visible(shortDigest(g[name]))),
        others ? el('span', {class: 'differs'}, ` \u2260 ${t('gateways.differs')}`) : null,
    );
}

const warned = (count) =>
    count > 0 ? el('span', {class: 'warning'}, `\u26a0 ${number(count)}`) : number(0);

function card(g, all, now) {
    const s = g.stats ?? {};
    return el(
        'article',
        {class: 'card', 'aria-label': visible(g.key, 100)},
        el('header', {}, el('h2', {dir: 'auto'}, visible(g.key, 200))),
        state(g, now),
        facts([
            [t('gateways.received'), g.received === undefined ? '' : number(g.received)],
            [t('gateways.dropped'), drops(g)],
            [t('gateways.actions'), s.actions === undefined ? '' : number(s.actions)],
            [t('gateways.readable'), readable(g)],
            [t('gateways.alerts'), number(g.alerts)],
            [t('gateways.published'), s.published === undefined ? '' : number(s.published)],
            [t('gateways.lag'), s.spooled === undefined ? '' : number(s.spooled)],
            [t('gateways.missed'), g.seq > 0 ? warned(g.missed) : ''],
            [t('gateways.reconnects'), s.reconnects === undefined ? '' : number(s.reconnects)],
            [t('gateways.version'), visible(g.version ?? '')],
            [t('gateways.rules'), g.rules === undefined ? '' : number(g.rules)],
            [t('alert.ruleset'), digest(g, 'ruleset', all)],
            [t('alert.inventory'), digest(g, 'inventory', all)],
            [t('gateways.boot'), visible(g.session || g.boot)],
            [t('gateways.heard'), g.heard > 0 ? `${date(g.heard)} (${age(now - g.heard)})` : ''],
        ]),
        g.gaps.length > 0
            ? el(
                  'section',
                  {},
                  el('h4', {}, t('gateways.gaps')),
                  el(
                      'ul',
                      {class: 'did'},
                      g.gaps.map((gap) => el('li', {}, el('code', {}, visible(gap)))),
                  ),
              )
            : null,
    );
}

export class Gateways {
    constructor({store}) {
        this.store = store;
        this.cards = el('div', {class: 'cards'});
        this.counts = el('div', {class: 'counts'});
        this.element = el(
            'section',
            {class: 'page', 'aria-label': t('view.gateways'), hidden: true},
            this.cards,
            this.counts,
        );
    }

    render(force) {
        if (!force && this.change === this.store.change) return;
        this.change = this.store.change;
        const all = [...this.store.gateways.values()].sort((a, b) =>
            a.state === b.state
                ? a.key < b.key
                    ? -1
                    : 1
                : a.state === 'offline'
                  ? -1
                  : b.state === 'offline'
                    ? 1
                    : 0,
        );
        const now = Date.now();
        const {messages, odd, repeats, letGo} = this.store.counts;
        keepFocus(this.cards, () =>
            fill(
                this.cards,
                all.length > 0
                    ? all.slice(0, 200).map((g) => card(g, all, now))
                    : el('p', {class: 'empty'}, t('gateways.none')),
            ),
        );
        fill(
            this.counts,
            el('h3', {}, t('gateways.page')),
            facts([
                [t('gateways.messages'), number(messages)],
                [t('gateways.repeats'), number(repeats)],
                [t('gateways.odd'), number(odd)],
                [t('gateways.letgo', {limit: number(this.store.alertLimit)}), number(letGo)],
            ]),
        );
    }

    /* Silence is news as well. */
    tick() {
        const now = Date.now();
        if (now - (this.ticked ?? 0) > 10000) {
            this.ticked = now;
            this.render(true);
        }
    }
}

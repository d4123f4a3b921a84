/* The AI systems that gateways reported on: tier, who they say they are, risk now and over time, whom
 * they were seen with. */

import {el, facts, fill, severityMark, tierMark} from './dom.js';
import {visible} from './text.js';
import {date, number, t} from './words.js';

const bands = [20, 40, 60, 80]; /* where info, low, medium and high end */
const bandOf = (risk) => bands.filter((b) => risk >= b).length;
const mostPeers = 12;

/* Risk over time as steps: it holds until the next alert says otherwise. Without colour to tell; the
 * figures are in its name. */
export function riskLine(points) {
    if (points.length === 0) return null;
    const from = points[0][0],
        to = points[points.length - 1][0],
        span = Math.max(to - from, 1);
    const width = 320,
        height = 56;
    const x = ([time]) => (points.length === 1 ? 0 : ((time - from) / span) * width).toFixed(1);
    const y = ([, risk]) =>
        (height - (Math.min(Math.max(risk, 0), 100) / 100) * (height - 4) - 2).toFixed(1);
    const path =
        points.map((p, i) => (i === 0 ? `M${x(p)} ${y(p)}` : `H${x(p)}V${y(p)}`)).join('') +
        `H${width}`;
    const risks = points.map(([, risk]) => risk);
    const label = t('systems.line', {
        from: date(from),
        to: date(to),
        low: number(Math.min(...risks)),
        high: number(Math.max(...risks)),
        now: number(risks[risks.length - 1]),
    });
    return el(
        'figure',
        {},
        el(
            'svg',
            {
                class: 'line',
                viewBox: `0 0 ${width} ${height}`,
                preserveAspectRatio: 'none',
                role: 'img',
                'aria-label': label,
            },
            bands.map((b) =>
                el('path', {
                    class: 'band',
                    d: `M0 ${height - (b / 100) * (height - 4) - 2}H${width}`,
                }),
            ),
            el('path', {class: 'curve', d: path}),
        ),
        el('figcaption', {}, el('span', {}, date(from)), el('span', {}, date(to))),
    );
}

function risk(system) {
    const known = Number.isFinite(system.risk);
    return el(
        'div',
        {class: 'risk'},
        el('span', {class: 'hint'}, t('systems.risk')),
        el('b', {class: 'big'}, known ? number(system.risk) : '\u2013'),
        known ? severityMark(bandOf(system.risk)) : null,
    );
}

function peers(system) {
    const all = [...system.peers].sort((a, b) => b[1].count - a[1].count).slice(0, mostPeers);
    if (all.length === 0) return null;
    const most = all[0][1].count;
    return el(
        'section',
        {},
        el('h4', {}, t('systems.peers')),
        el(
            'ul',
            {class: 'peers'},
            all.map(([name, seen]) =>
                el(
                    'li',
                    {},
                    el('span', {dir: 'auto'}, visible(name, 80)),
                    el('i', {
                        'aria-hidden': 'true',
                        style: {'--share': `${(seen.count / most) * 100}%`},
                    }),
                    el('b', {}, `\u00d7${number(seen.count)}`),
                ),
            ),
        ),
    );
}

function card(system, show) {
    const names = ['identity', 'ip', 'mac', 'client_id', 'application_uri', 'user'];
    const {identity} = system;
    return el(
        'article',
        {class: 'card', 'aria-label': visible(system.id, 80)},
        el(
            'header',
            {},
            el('h2', {dir: 'auto'}, visible(system.id, 200)),
            el(
                'p',
                {},
                tierMark(system.tier),
                ' ',
                el('span', {class: 'hint'}, t(`tier.${system.tier}`)),
            ),
        ),
        risk(system),
        riskLine(system.points),
        facts(
            [
                [t('systems.reasons'), system.reasons.map((r) => visible(r, 40)).join(', ')],
                [
                    t('alert.identity'),
                    visible(
                        names
                            .map((n) => identity[n])
                            .filter(Boolean)
                            .join(' \u00b7 '),
                    ),
                ],
                [t('systems.mismatch'), visible(identity.mismatch ?? '')],
                [t('systems.first'), Number.isFinite(system.first) ? date(system.first) : ''],
                [t('systems.last'), system.last > 0 ? date(system.last) : ''],
                [t('alert.gateway'), visible(system.gateway)],
            ].map(([name, text]) => [name, text && el('span', {dir: 'auto'}, text)]),
        ),
        peers(system),
        system.summary
            ? el('p', {class: 'summary-text', dir: 'auto'}, visible(system.summary, 300))
            : null,
        el(
            'footer',
            {},
            el(
                'button',
                {
                    type: 'button',
                    class: 'small',
                    'data-focus': system.key,
                    onclick: () => show(system.id),
                },
                t('systems.alerts', {n: number(system.alerts)}),
            ),
        ),
    );
}

export class Systems {
    /* show(text): the inbox, filtered by it. */
    constructor({store, show}) {
        Object.assign(this, {store, show});
        this.cards = el('div', {class: 'cards'});
        this.element = el(
            'section',
            {class: 'page', 'aria-label': t('view.systems'), hidden: true},
            el('p', {class: 'note'}, t('systems.note')),
            this.cards,
        );
    }

    render(force) {
        if (!force && this.change === this.store.change) return;
        this.change = this.store.change;
        const all = [...this.store.systems.values()].sort(
            (a, b) => (b.risk || 0) - (a.risk || 0) || (a.key < b.key ? -1 : 1),
        );
        keepFocus(this.cards, () =>
            fill(
                this.cards,
                all.length > 0
                    ? all.slice(0, 200).map((s) => card(s, this.show))
                    : el('p', {class: 'empty'}, t('systems.none')),
            ),
        );
    }
}

/* Draw again what is in `element`; who was at a button stays there. */
export function keepFocus(element, draw) {
    const had = element.contains(document.activeElement)
        ? document.activeElement.dataset.focus
        : undefined;
    draw();
    if (had !== undefined)
        [...element.querySelectorAll('[data-focus]')]
            .find((e) => e.dataset.focus === had)
            ?.focus({preventScroll: true});
}

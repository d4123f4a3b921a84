/* Alerts over time, by severity or tier. What is dragged over the chart, or typed below it, is the time
 * that the inbox shows. */

/* global uPlot */

import {severities, tiers} from './alert.js';
import {el, fill, severityMark, tierMark} from './dom.js';
import {clock, date, number, t} from './words.js';

const mostBars = 120;
/* Widths of a bar in seconds that a clock has names for. */
const widths = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 604800,
];

/* {width, times, counts}: counts[group][bar], times in seconds. */
export function bars(alerts, groupOf, nGroups) {
    let from = Infinity,
        to = -Infinity;
    for (const a of alerts) {
        from = Math.min(from, a.first);
        to = Math.max(to, a.first);
    }
    const span = Math.max((to - from) / 1000, 1);
    const width = widths.find((w) => span / w <= mostBars) ?? Math.ceil(span / mostBars);
    const start = Math.floor(from / 1000 / width) * width;
    const n = alerts.length === 0 ? 0 : Math.floor((to / 1000 - start) / width) + 1;
    const times = Array.from({length: n}, (_, i) => start + i * width);
    const counts = Array.from({length: nGroups}, () => new Array(n).fill(0));
    for (const a of alerts) counts[groupOf(a)][Math.floor((a.first / 1000 - start) / width)]++;
    return {width, times, counts};
}

/* The topmost of stacked bars is drawn first, whole; each next one covers the lower part of it. */
function stacked(counts) {
    const below = new Array(counts[0].length).fill(0);
    return counts.map((row) => row.map((n, i) => (below[i] += n))).reverse();
}

const two = (n) => String(n).padStart(2, '0');
/* The value of a datetime-local field. */
function local(ms) {
    const d = new Date(ms);
    return Number.isNaN(d.getTime())
        ? ''
        : `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${clock(ms)}`;
}

export class Time {
    /* chosen(from, to): NaN, NaN for all times; inbox(): go there. */
    constructor({store, filter, chosen, inbox}) {
        Object.assign(this, {store, filter, chosen});
        this.by = 'severity';
        this.chart = el('div', {class: 'chart', role: 'img'});
        this.legend = el('div', {class: 'legend'});
        this.table = el('div', {
            class: 'table',
            tabindex: '0',
            role: 'region',
            'aria-label': t('time.counts'),
        });
        this.empty = el('p', {class: 'empty'}, t('time.none'));
        const field = (name) => el('input', {type: 'datetime-local', step: '1', name});
        this.from = field('from');
        this.to = field('to');
        this.form = el(
            'form',
            {class: 'period', onsubmit: (e) => this.typed(e)},
            el('label', {}, el('span', {}, t('filter.from')), this.from),
            el('label', {}, el('span', {}, t('filter.to')), this.to),
            el('button', {type: 'submit', class: 'primary'}, t('time.apply')),
            el('button', {type: 'button', onclick: () => this.choose(NaN, NaN)}, t('time.clear')),
            el('button', {type: 'button', onclick: inbox}, t('time.show')),
        );
        const by = el(
            'select',
            {
                onchange: (e) => {
                    this.by = e.target.value;
                    this.render(true);
                },
            },
            ['severity', 'tier'].map((v) => el('option', {value: v}, t(`time.${v}`))),
        );
        this.some = el(
            'div',
            {},
            this.legend,
            this.chart,
            el('p', {class: 'note'}, t('time.hint')),
            this.form,
            this.table,
        );
        this.element = el(
            'section',
            {class: 'page', 'aria-label': t('view.time'), hidden: true},
            el('label', {class: 'choice'}, el('span', {}, t('time.by')), by),
            this.empty,
            this.some,
        );
        new ResizeObserver(() => this.plot?.setSize(this.size())).observe(this.chart);
    }

    size() {
        return {
            width: Math.max(this.chart.clientWidth, 200),
            height: Math.max(220, Math.min(innerHeight * 0.42, 700)),
        };
    }

    typed(event) {
        event.preventDefault();
        this.choose(new Date(this.from.value).getTime(), new Date(this.to.value).getTime());
    }

    choose(from, to) {
        this.chosen(from, to);
        this.showPeriod();
    }

    showPeriod() {
        const {from, to} = this.filter();
        this.from.value = local(from);
        this.to.value = local(to);
        if (this.plot === undefined) return;
        const at = (ms, edge) => (Number.isNaN(ms) ? edge : this.plot.valToPos(ms / 1000, 'x'));
        const width = this.plot.over.clientWidth;
        const isAll = Number.isNaN(from) && Number.isNaN(to);
        const left = isAll ? 0 : Math.max(0, at(from, 0)),
            right = isAll ? 0 : Math.min(width, at(to, width));
        this.plot.setSelect(
            {left, width: Math.max(0, right - left), top: 0, height: this.plot.over.clientHeight},
            false,
        );
    }

    groups() {
        return this.by === 'severity'
            ? {
                  names: severities.map((_, s) => t(`severity.${s}`)),
                  of: (a) => a.severity,
                  colours: severities.map((_, s) => `--f${s}`),
                  marks: severities.map((_, s) => severityMark(s)),
              }
            : {
                  names: tiers,
                  of: (a) => tiers.indexOf(a.tier),
                  colours: ['--t0', '--t1', '--t2', '--t3', '--t4', '--tn'],
                  marks: tiers.map((tier) => tierMark(tier)),
              };
    }

    render(force = false) {
        const change = `${this.store.change} ${this.by}`;
        if (!force && change === this.change) return;
        this.change = change;
        const alerts = [...this.store.alerts.values()];
        this.empty.hidden = alerts.length > 0;
        this.some.hidden = alerts.length === 0;
        if (alerts.length === 0) return;
        const groups = this.groups();
        this.draw(alerts, groups);
        fill(
            this.legend,
            groups.marks
                .map((mark, i) =>
                    el(
                        'span',
                        {},
                        el('i', {
                            'aria-hidden': 'true',
                            style: {background: `var(${groups.colours[i]})`},
                        }),
                        mark,
                    ),
                )
                .reverse(),
        );
        fill(this.table, this.counts(alerts));
        this.showPeriod();
    }

    draw(alerts, groups) {
        const {width, times, counts} = bars(alerts, groups.of, groups.names.length);
        const colour = (name) =>
            getComputedStyle(document.documentElement).getPropertyValue(name).trim();
        const em = parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.8;
        const look = `${this.by} ${width} ${em} ${colour('--ink')}`;
        const data = [times, ...stacked(counts)];
        this.chart.setAttribute(
            'aria-label',
            `${t('time.chart')}: ${number(alerts.length)}, ${date(times[0] * 1000)} \u2013 ${date(
                (times[times.length - 1] + width) * 1000,
            )}`,
        );
        if (this.plot !== undefined && look === this.look) {
            this.plot.setData(data);
            return;
        }
        this.look = look;
        this.plot?.destroy();
        const font = `${em}px system-ui, sans-serif`;
        const axis = {
            stroke: colour('--faint'),
            grid: {stroke: colour('--line'), width: 1},
            ticks: {stroke: colour('--line')},
            font,
            size: 3.8 * em,
        };
        this.plot = new uPlot(
            {
                ...this.size(),
                legend: {show: false},
                padding: [12, 12, 0, 0],
                scales: {
                    x: {range: (_, low, high) => [low - width * 0.1, high + width * 1.1]},
                    y: {range: (_, low, high) => [0, Math.max(high, 1) * 1.05]},
                },
                cursor: {
                    drag: {x: true, y: false, setScale: false},
                    points: {show: false},
                    y: false,
                },
                axes: [
                    {
                        ...axis,
                        space: 6.5 * em,
                        values: (_, at) =>
                            at.map((s) =>
                                width < 3600 * 4 ? clock(s * 1000) : date(s * 1000).slice(0, 10),
                            ),
                    },
                    {...axis, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000]},
                ],
                series: [
                    {},
                    ...groups.colours
                        .map((name) => ({
                            fill: colour(name),
                            width: 0,
                            points: {show: false},
                            paths: uPlot.paths.bars({size: [0.9, 60], align: 1}),
                        }))
                        .reverse(),
                ],
                hooks: {setSelect: [(u) => this.dragged(u)]},
            },
            data,
            this.chart,
        );
    }

    dragged(u) {
        if (u.select.width < 3) return;
        this.choose(
            u.posToVal(u.select.left, 'x') * 1000,
            u.posToVal(u.select.left + u.select.width, 'x') * 1000,
        );
    }

    counts(alerts) {
        const cells = severities.map(() => new Array(tiers.length).fill(0));
        for (const a of alerts) cells[a.severity][tiers.indexOf(a.tier)]++;
        const sum = (row) => row.reduce((a, b) => a + b, 0);
        const cell = (n) => el('td', {}, n > 0 ? number(n) : '\u00b7');
        return el(
            'table',
            {class: 'matrix'},
            el('caption', {}, t('time.counts')),
            el(
                'thead',
                {},
                el(
                    'tr',
                    {},
                    el('td'),
                    tiers.map((tier) => el('th', {scope: 'col'}, tierMark(tier))),
                    el('th', {scope: 'col'}, t('time.total')),
                ),
            ),
            el(
                'tbody',
                {},
                cells
                    .map((row, s) =>
                        el(
                            'tr',
                            {},
                            el('th', {scope: 'row'}, severityMark(s)),
                            row.map(cell),
                            el('td', {}, el('b', {}, number(sum(row)))),
                        ),
                    )
                    .reverse(),
                el(
                    'tr',
                    {},
                    el('th', {scope: 'row'}, t('time.total')),
                    tiers.map((_, i) => cell(sum(cells.map((row) => row[i])))),
                    el('td', {}, el('b', {}, number(alerts.length))),
                ),
            ),
        );
    }
}

/* The inbox: alerts by id, filtered, in a list that keys move through. */

import {severities, tiers} from './alert.js';
import {el, fill, severityMark, tierMark} from './dom.js';
import {everything, isNarrowed, select} from './filter.js';
import {List} from './list.js';
import {visible} from './text.js';
import {age, clock, date, number, t} from './words.js';

const longestRow = 300;

function makeRow() {
    const cell = (name) => el('div', {class: name, role: 'gridcell'});
    const row = el('div', {}, ['severity-cell', 'tier-cell', 'what', 'count', 'age'].map(cell));
    [row.severityCell, row.tierCell, row.what, row.count, row.age] = row.children;
    row.summary = el('div', {class: 'summary', dir: 'auto'});
    row.about = el('div', {class: 'about'});
    row.what.append(row.summary, row.about);
    row.time = el('time');
    row.since = el('span');
    row.age.append(row.since, row.time);
    return row;
}

/* A new text has to be laid out again, an unchanged one not. */
function put(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

export class Inbox {
    constructor({store, memory, open, goTime}) {
        Object.assign(this, {store, memory, goTime});
        this.filter = everything();
        this.list = new List({
            label: t('inbox.list'),
            make: makeRow,
            paint: (row, record) => this.paint(row, record),
            open,
            moved: (record) => this.onMoved?.(record),
        });
        this.shown = el('p', {class: 'shown', role: 'status'});
        this.empty = el('div', {class: 'empty'});
        this.chips = el('div', {class: 'chips'});
        this.search = el('input', {
            type: 'search',
            class: 'search',
            'aria-label': t('filter.text'),
            placeholder: t('filter.text'),
            oninput: () => this.narrow({text: this.search.value}),
        });
        this.element = el(
            'section',
            {class: 'inbox', 'aria-label': t('view.inbox')},
            el('div', {class: 'filters', role: 'search'}, this.search, this.chips),
            this.shown,
            this.heading(),
            this.list.element,
            this.empty,
        );
        this.drawChips();
    }

    heading() {
        const names = ['severity', 'tier', 'what', 'count', 'age'];
        return el(
            'div',
            {class: 'row heading', 'aria-hidden': 'true'},
            names.map((n) => el('div', {}, t(`column.${n}`))),
        );
    }

    narrow(part) {
        Object.assign(this.filter, part);
        if (document.activeElement !== this.search) this.search.value = this.filter.text;
        this.drawChips();
        this.render(true);
    }

    clear() {
        const {show, sort} = this.filter;
        this.filter = {...everything(), show, sort};
        this.search.value = '';
        this.narrow({});
    }

    toggle(name, value) {
        const set = new Set(this.filter[name]);
        if (!set.delete(value)) set.add(value);
        this.narrow({[name]: set});
    }

    chip(name, value, content) {
        return el(
            'button',
            {
                type: 'button',
                class: 'chip',
                'aria-pressed': String(this.filter[name].has(value)),
                'data-focus': `${name}-${value}`,
                onclick: () => this.toggle(name, value),
            },
            content,
        );
    }

    choice(name, values, prefix) {
        return el(
            'label',
            {class: 'choice'},
            el('span', {}, t(`filter.${name}`)),
            el(
                'select',
                {'data-focus': name, onchange: (e) => this.narrow({[name]: e.target.value})},
                values.map((v) =>
                    el(
                        'option',
                        {value: v, selected: this.filter[name] === v},
                        t(`${prefix}.${v}`),
                    ),
                ),
            ),
        );
    }

    drawChips() {
        const had = document.activeElement?.dataset?.focus;
        const period =
            Number.isNaN(this.filter.from) && Number.isNaN(this.filter.to)
                ? null
                : el(
                      'button',
                      {
                          type: 'button',
                          class: 'chip',
                          'aria-pressed': 'true',
                          onclick: () => this.goTime(),
                      },
                      t('filter.period', {from: date(this.filter.from), to: date(this.filter.to)}),
                  );
        fill(
            this.chips,
            el(
                'div',
                {class: 'group', role: 'group', 'aria-label': t('filter.severity')},
                severities.map((_, s) => this.chip('severities', s, severityMark(s))).reverse(),
            ),
            el(
                'div',
                {class: 'group', role: 'group', 'aria-label': t('filter.tier')},
                tiers.map((tier) => this.chip('tiers', tier, tierMark(tier))),
            ),
            period,
            this.choice('show', ['open', 'done', 'all'], 'filter'),
            this.choice('sort', ['last', 'score', 'count'], 'sort'),
            isNarrowed(this.filter)
                ? el(
                      'button',
                      {type: 'button', class: 'small', onclick: () => this.clear()},
                      t('filter.clear'),
                  )
                : null,
        );
        if (had) this.chips.querySelector(`[data-focus="${had}"]`)?.focus();
    }

    paint(row, record) {
        if (row.painted !== record.severity) {
            row.painted = record.severity;
            fill(
                row.severityCell,
                severityMark(record.severity),
                (row.score = el('b', {class: 'score'})),
            );
        }
        if (row.tier !== record.tier) fill(row.tierCell, tierMark((row.tier = record.tier)));
        put(row.score, number(record.score));
        put(row.summary, visible(record.summary, longestRow));
        const note = this.memory.noteOf(record.id);
        const parts = [record.rule, `${record.actor} \u2192 ${record.target || '\u2013'}`];
        if (note.ack > 0) parts.push(`\u2713 ${t('filter.done')}`);
        if (note.note !== '') parts.push(`\u270e ${note.note}`);
        put(row.about, visible(parts.join('  \u00b7  '), longestRow));
        row.classList.toggle('done', note.ack > 0);
        put(row.count, record.count > 1 ? `\u00d7${number(record.count)}` : '');
        put(row.since, age(Date.now() - record.last));
        put(row.time, clock(record.last));
        row.time.title = date(record.last);
    }

    remarks() {
        const {odd, letGo} = this.store.counts;
        return [
            odd > 0 ? t('inbox.odd', {n: number(odd)}) : '',
            letGo > 0 ? t('inbox.letgo', {n: number(letGo)}) : '',
            ...this.store.denied.map((filter) => t('link.denied', {filter: visible(filter, 100)})),
        ];
    }

    render(force = false) {
        const change = `${this.store.change} ${this.memory.change}`;
        if (!force && change === this.change) return;
        this.change = change;
        const all = this.store.alerts;
        const items = select(all.values(), this.filter, (id) => this.memory.noteOf(id));
        this.list.setItems(items);
        this.shown.textContent = [
            t('inbox.shown', {n: number(items.length), all: number(all.size)}),
            ...this.remarks(),
        ]
            .filter(Boolean)
            .join('  \u00b7  ');
        this.empty.hidden = items.length > 0;
        this.list.element.hidden = items.length === 0;
        fill(
            this.empty,
            el('p', {}, t(all.size === 0 ? 'inbox.none' : 'inbox.nothing')),
            all.size === 0 ? el('p', {class: 'hint'}, t('inbox.waiting')) : null,
        );
    }

    /* Ages move on without news. */
    tick() {
        this.list.draw(true);
    }

    acknowledge(record) {
        this.memory.write(record.id, {ack: this.memory.isDone(record.id) ? 0 : Date.now()});
        this.render(true);
    }
}

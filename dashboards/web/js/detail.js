/* One alert, for the one who has to decide: what happened, why it scores so, what was allowed, what to
 * do, and where the proof is. */

import {actorOf, listOf, numberOf, objectOf, readJson, scoreSteps, textOf} from './alert.js';
import {copyButton, el, facts, fill, severityMark, tierMark} from './dom.js';
import {shellWord, shortDigest, valueText, visible} from './text.js';
import {date, has, number, t} from './words.js';

const mostHistory = 50;
const mostPackets = 64;

const section = (title, ...content) => el('section', {}, el('h3', {}, title), content);
const code = (text) => el('code', {dir: 'auto'}, visible(text));

function stepText(step) {
    const {kind, name, detail, factor} = step;
    if (kind === 'evidence') {
        const evidence = textOf(detail.evidence);
        return t('why.of', {
            evidence: has(`evidence.${evidence}`) ? t(`evidence.${evidence}`) : evidence,
            strength: number(numberOf(detail.strength), 2),
            severity: number(numberOf(detail.severity)),
            p: number(numberOf(detail.p), 6),
        });
    }
    if (kind === 'floor') return t('why.least', {floor: number(numberOf(detail.floor))});
    const because = textOf(detail.because);
    return `${name || '\u2013'}${because ? ` (${because})` : ''} ${t('why.times', {factor: number(factor, 4)})}`;
}

function signed(points) {
    const text = number(Math.abs(points), 1);
    return `${points < 0 ? '\u2212' : '+'}${text}`;
}

/* Each step starts where the one before ended. */
function bar(step) {
    const low = Math.min(step.from, step.to),
        width = Math.abs(step.to - step.from);
    return el(
        'div',
        {class: `bar ${step.to < step.from ? 'less' : 'more'}`, 'aria-hidden': 'true'},
        el('i', {style: {left: `${low}%`, width: `${Math.max(width, 0.4)}%`}}),
    );
}

function why(alert) {
    const {steps, score} = scoreSteps(alert.why);
    const said = numberOf(alert.score);
    const rows = steps.map((step) =>
        el(
            'tr',
            {},
            el('th', {scope: 'row'}, t(`why.${step.kind}`)),
            el('td', {class: 'points'}, signed(step.to - step.from)),
            el('td', {class: 'bars'}, bar(step)),
            el('td', {class: 'because'}, visible(stepText(step))),
        ),
    );
    const sum =
        score === said
            ? t('why.adds', {score: number(said)})
            : t('why.differs', {sum: number(score), score: number(said)});
    return section(
        t('alert.why'),
        el('table', {class: 'why'}, el('tbody', {}, rows)),
        el('p', {class: score === said ? 'hint' : 'warning'}, sum),
    );
}

/* `expected` holds what the inventory or a rule names; ranges read better with words between. */
function allowedText(value) {
    if (Array.isArray(value) && value.length === 2 && value.every(Number.isFinite))
        return `${value[0]} \u2026 ${value[1]}`;
    return valueText(value);
}

/* A number against its range, drawn: the range in the middle, what was seen where it lies. */
function scale(range, seen) {
    const [low, high] = listOf(range);
    if (![low, high, seen].every(Number.isFinite) || high <= low) return null;
    const from = Math.min(low, seen),
        to = Math.max(high, seen),
        span = to - from;
    const at = (v) => `${((v - from) / span) * 100}%`;
    return el(
        'div',
        {class: 'scale', 'aria-hidden': 'true'},
        el('i', {class: 'range', style: {left: at(low), width: `${((high - low) / span) * 100}%`}}),
        el('i', {
            class: `mark ${seen < low || seen > high ? 'out' : 'in'}`,
            style: {left: at(seen)},
        }),
    );
}

function compare(alert) {
    const expected = objectOf(alert.expected);
    const names = Object.keys(expected);
    if (names.length === 0 && alert.observed === undefined) return null;
    const allowed =
        names.length === 0
            ? '\u2013'
            : facts(
                  names.map((n) => [
                      visible(n),
                      el('span', {dir: 'auto'}, allowedText(expected[n])),
                  ]),
              );
    return section(
        t('alert.compare'),
        el(
            'div',
            {class: 'compare'},
            el('div', {}, el('h4', {}, t('alert.allowed')), allowed),
            el(
                'div',
                {},
                el('h4', {}, t('alert.seen')),
                el(
                    'p',
                    {class: 'seen', dir: 'auto'},
                    alert.observed === undefined ? '\u2013' : valueText(alert.observed),
                ),
            ),
        ),
        scale(expected.range, alert.observed),
    );
}

function packetsCommand(evidence) {
    const packets = listOf(evidence.packets).filter(Number.isSafeInteger).slice(0, mostPackets);
    const capture = textOf(evidence.capture);
    if (packets.length === 0 || capture === '') return null;
    return `tshark -r ${shellWord(capture)} -Y 'frame.number in {${packets.join(',')}}'`;
}

function proof(alert) {
    const evidence = objectOf(alert.evidence);
    const command = packetsCommand(evidence);
    const digest = textOf(evidence.sha256);
    const packets = listOf(evidence.packets).filter(Number.isFinite);
    return section(
        t('alert.evidence'),
        facts([
            [t('alert.capture'), textOf(evidence.capture) && code(textOf(evidence.capture))],
            [t('alert.sha256'), digest && code(digest)],
            [t('alert.packets'), packets.slice(0, mostPackets).map(String).join(', ')],
            [t('alert.address'), textOf(evidence.tuple) && code(textOf(evidence.tuple))],
            [t('alert.flow'), textOf(evidence.flow) && code(textOf(evidence.flow))],
            [
                t('alert.readable'),
                Number.isFinite(objectOf(alert.coverage).readable)
                    ? `${number(alert.coverage.readable)} %`
                    : '',
            ],
        ]),
        command &&
            el(
                'p',
                {class: 'command'},
                el('span', {}, t('alert.show')),
                code(command),
                copyButton(() => command),
            ),
    );
}

function rule(alert) {
    const r = objectOf(alert.rule);
    const family = `family.${textOf(alert.family)}`;
    const digest = (name) =>
        textOf(alert[name]) &&
        el('code', {title: visible(alert[name])}, visible(shortDigest(alert[name])));
    return section(
        t('alert.rule'),
        facts([
            [
                visible(textOf(r.id)),
                `${visible(textOf(r.name))} \u00b7 ${t('alert.revision', {rev: number(numberOf(r.rev))})}${
                    has(family) ? ` \u00b7 ${t(family)}` : ''
                }`,
            ],
            [
                t('alert.tags'),
                listOf(alert.tags).length > 0
                    ? el(
                          'span',
                          {class: 'tags'},
                          listOf(alert.tags)
                              .slice(0, 30)
                              .map((tag) => el('span', {}, visible(textOf(tag), 80))),
                      )
                    : '',
            ],
            [t('alert.ruleset'), digest('ruleset')],
            [t('alert.inventory'), digest('inventory')],
            [
                t('alert.engine'),
                `${visible(textOf(alert.engine))} \u00b7 nDPI ${visible(textOf(alert.ndpi)) || '\u2013'}`,
            ],
            [
                t('alert.seq'),
                numberOf(alert.seq) > 0 ? `${alert.seq} (${visible(textOf(alert.boot))})` : '',
            ],
            [
                t('alert.tlp'),
                textOf(alert.tlp) && `TLP:${visible(textOf(alert.tlp)).toUpperCase()}`,
            ],
        ]),
    );
}

function who(actor) {
    const kind = `kind.${textOf(actor.kind)}`;
    return `${visible(actorOf(actor))} (${has(kind) ? t(kind) : '\u2013'})`;
}

function what(alert, record) {
    const actor = objectOf(alert.actor),
        target = objectOf(alert.target);
    const names = ['ip', 'mac', 'client_id', 'application_uri', 'user', 'mismatch'];
    const identity = [textOf(actor.identity), ...names.map((n) => textOf(actor[n]))].filter(
        Boolean,
    );
    const object = [
        textOf(target.asset) || textOf(target.ip),
        textOf(target.variable),
        textOf(target.object),
        textOf(target.field),
    ];
    return section(
        t('alert.what'),
        facts([
            [t('alert.actor'), el('span', {dir: 'auto'}, who(actor))],
            [t('alert.identity'), el('span', {dir: 'auto'}, visible(identity.join(' \u00b7 ')))],
            [
                t('alert.target'),
                el('span', {dir: 'auto'}, visible(object.filter(Boolean).join(' \u00b7 '))),
            ],
            [t('alert.first'), date(record.first)],
            [t('alert.last'), date(record.last)],
            [t('alert.count'), number(record.count)],
            [t('alert.risk'), Number.isFinite(record.risk) ? number(record.risk) : ''],
            [t('alert.gateway'), visible(record.gateway)],
        ]),
    );
}

export class Detail {
    /* The element is beside the inbox where there is room, and instead of it where there is not. */
    constructor({store, memory, close, go, changed}) {
        Object.assign(this, {store, memory, close, go, changed});
        this.id = null;
        this.rawOpen = false;
        this.element = el('section', {
            class: 'detail',
            'aria-label': t('alert.what'),
            hidden: true,
        });
    }

    show(id) {
        this.id = id;
        this.drawn = '';
        this.element.hidden = id === null;
        if (id !== null) {
            this.render();
            this.element.scrollTop = 0;
        }
    }

    history(record) {
        const others = [...this.store.alerts.values()]
            .filter(
                (r) =>
                    r.actor === record.actor && r.gateway === record.gateway && r.id !== record.id,
            )
            .sort((a, b) => b.last - a.last);
        const rows = others
            .slice(0, mostHistory)
            .map((r) =>
                el(
                    'li',
                    {},
                    el(
                        'a',
                        {href: `#/alert/${encodeURIComponent(r.id)}`},
                        severityMark(r.severity),
                        el('span', {class: 'when'}, date(r.last)),
                        el('b', {}, visible(r.rule)),
                        el('span', {class: 'summary', dir: 'auto'}, visible(r.summary, 200)),
                    ),
                ),
            );
        return section(
            t('alert.history', {actor: visible(record.actor, 60)}),
            rows.length > 0
                ? el('ol', {class: 'history'}, rows)
                : el('p', {class: 'hint'}, t('alert.none')),
        );
    }

    actions(record) {
        const {ack, note} = this.memory.noteOf(record.id);
        this.note = el('textarea', {
            id: 'note',
            rows: '2',
            maxlength: '2000',
            value: note,
            oninput: () => {
                this.memory.write(record.id, {note: this.note.value});
                this.changed();
            },
        });
        return el(
            'div',
            {class: 'actions'},
            el(
                'button',
                {
                    type: 'button',
                    class: 'primary',
                    'data-focus': 'ack',
                    'aria-pressed': String(ack > 0),
                    onclick: () => this.acknowledge(),
                },
                t(ack > 0 ? 'alert.unack' : 'alert.ack'),
            ),
            ack > 0 ? el('span', {class: 'hint'}, t('alert.acked', {when: date(ack)})) : null,
            el('label', {for: 'note'}, t('alert.note')),
            this.note,
        );
    }

    acknowledge() {
        this.memory.write(this.id, {ack: this.memory.isDone(this.id) ? 0 : Date.now()});
        this.render();
        this.changed();
    }

    head(alert, record) {
        return el(
            'header',
            {},
            el(
                'div',
                {class: 'marks'},
                severityMark(record.severity),
                el('b', {class: 'score'}, number(record.score)),
                tierMark(record.tier),
                el('span', {class: 'rule'}, visible(record.rule)),
                el(
                    'button',
                    {
                        type: 'button',
                        class: 'close',
                        'aria-label': t('alert.close'),
                        'data-focus': 'close',
                        onclick: () => this.close(),
                    },
                    '\u2715',
                ),
            ),
            el('h2', {tabindex: '-1', dir: 'auto'}, visible(record.summary)),
        );
    }

    /* Only when there is news of this alert or its actor, so that reading and selecting is not
     * disturbed by what else arrives. */
    render() {
        if (this.id === null) return;
        const record = this.store.alerts.get(this.id);
        const system = record && this.store.alerts.size;
        const drawn = record
            ? `${record.id} ${record.count} ${this.memory.isDone(record.id)} ${this.historyCount(
                  record,
                  system,
              )}`
            : `gone ${this.id}`;
        if (drawn === this.drawn) return;
        this.drawn = drawn;
        const had = this.element.contains(document.activeElement) ? document.activeElement : null;
        const caret = had === this.note && had ? [had.selectionStart, had.selectionEnd] : null;
        const alert = record && readJson(record.raw);
        if (!alert) {
            fill(
                this.element,
                el(
                    'header',
                    {},
                    el('h2', {tabindex: '-1'}, t('alert.gone')),
                    el('button', {type: 'button', onclick: () => this.close()}, t('alert.close')),
                ),
            );
            return;
        }
        const advice = textOf(alert.advice);
        const raw = el(
            'details',
            {
                open: this.rawOpen,
                ontoggle: (e) => {
                    this.rawOpen = e.target.open;
                },
            },
            el('summary', {}, t('alert.raw')),
            copyButton(() => record.raw),
            el(
                'pre',
                {tabindex: '0'},
                visible(JSON.stringify(alert, null, 2), 60000).replaceAll('\u240a', '\n'),
            ),
        );
        fill(
            this.element,
            this.head(alert, record),
            this.actions(record),
            what(alert, record),
            advice
                ? section(
                      t('alert.advice'),
                      el('p', {class: 'advice', dir: 'auto'}, visible(advice)),
                  )
                : null,
            compare(alert),
            why(alert),
            proof(alert),
            rule(alert),
            this.history(record),
            raw,
        );
        this.restore(had, caret);
    }

    historyCount(record) {
        let n = 0;
        for (const r of this.store.alerts.values())
            n += r.actor === record.actor && r.gateway === record.gateway ? r.count : 0;
        return n;
    }

    restore(had, caret) {
        if (caret !== null) {
            this.note.focus();
            this.note.setSelectionRange(...caret);
        } else if (had?.dataset.focus) {
            this.element.querySelector(`[data-focus="${had.dataset.focus}"]`)?.focus();
        } else if (had) {
            this.element.querySelector('h2')?.focus({preventScroll: true});
        }
    }

    focus() {
        this.element.querySelector('h2')?.focus({preventScroll: true});
    }
}

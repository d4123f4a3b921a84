/* Where alerts come from: a broker, or a file of a replay. A native dialog: focus stays in it, Escape
 * closes it. */

import {el, fill} from './dom.js';
import {visible} from './text.js';
import {number, t} from './words.js';

/* A page that a broker serves finds it where it came from; one that was opened as a file, on this
 * machine. */
export function usualAddress(where) {
    if (where.protocol === 'https:') return `wss://${where.host}/mqtt`;
    return where.protocol === 'http:' ? `ws://${where.host}/mqtt` : 'ws://127.0.0.1:9001/mqtt';
}

export class Source {
    constructor({memory, connect, disconnect, readFile, forget}) {
        Object.assign(this, {memory, connect, disconnect, readFile, forget});
        const {settings} = memory;
        const field = (name, type, value, extra = {}) =>
            el('input', {
                type,
                name,
                value,
                autocomplete: 'off',
                spellcheck: 'false',
                autocapitalize: 'off',
                ...extra,
            });
        this.url = field('url', 'url', settings.url || usualAddress(location), {
            required: true,
            pattern: 'wss?://.+',
        });
        this.user = field('user', 'text', settings.user);
        this.password = field('password', 'password', '');
        this.keep = el('input', {type: 'checkbox', name: 'keep', checked: settings.keep});
        this.root = field('root', 'text', settings.root, {list: 'roots', required: true});
        this.file = el('input', {
            type: 'file',
            accept: '.jsonl,.json,.ndjson,.ledger,.txt',
            class: 'unseen',
            'aria-label': t('source.choose'),
            onchange: () => this.chosen(),
        });
        this.said = el('p', {class: 'said', role: 'status'});
        this.form = el('form', {onsubmit: (e) => this.submit(e)});
        this.element = el('dialog', {'aria-labelledby': 'source-title', class: 'source'});
        this.draw();
    }

    draw() {
        const labelled = (key, input) => el('label', {}, el('span', {}, t(`source.${key}`)), input);
        fill(
            this.form,
            el('h3', {}, t('source.broker')),
            labelled('url', this.url),
            labelled('user', this.user),
            labelled('password', this.password),
            labelled('root', this.root),
            el(
                'datalist',
                {id: 'roots'},
                el('option', {value: 'tierwatch/1'}),
                el('option', {value: 'tierwatch-replay/1'}),
            ),
            el('label', {class: 'check'}, this.keep, el('span', {}, t('source.keep'))),
            el('p', {class: 'hint'}, t('source.hint')),
            el(
                'div',
                {class: 'buttons'},
                el('button', {type: 'submit', class: 'primary'}, t('source.connect')),
                el(
                    'button',
                    {type: 'button', onclick: () => this.disconnect()},
                    t('source.disconnect'),
                ),
            ),
        );
        fill(
            this.element,
            el('h2', {id: 'source-title'}, t('source.title')),
            this.said,
            el(
                'div',
                {class: 'ways'},
                this.form,
                el(
                    'div',
                    {},
                    el('h3', {}, t('source.file')),
                    el('p', {class: 'hint'}, t('source.filehint')),
                    this.file,
                    el(
                        'button',
                        {type: 'button', onclick: () => this.file.click()},
                        t('source.choose'),
                    ),
                ),
            ),
            el(
                'footer',
                {},
                el('span', {class: 'hint'}, t('source.kept')),
                el(
                    'button',
                    {
                        type: 'button',
                        class: 'small',
                        onclick: () => {
                            this.forget();
                            this.say(t('source.forgot'));
                        },
                    },
                    t('source.forget'),
                ),
                el(
                    'button',
                    {type: 'button', onclick: () => this.element.close()},
                    t('source.close'),
                ),
            ),
        );
    }

    say(text, isBad = false) {
        this.said.textContent = visible(text, 500);
        this.said.classList.toggle('warning', isBad);
    }

    values() {
        return {
            url: this.url.value.trim(),
            user: this.user.value,
            password: this.password.value,
            root: this.root.value.trim(),
            keep: this.keep.checked,
        };
    }

    submit(event) {
        event.preventDefault();
        const values = this.values();
        for (const key of ['url', 'user', 'root', 'keep']) this.memory.set(key, values[key]);
        this.say('');
        this.connect(values);
    }

    chosen() {
        const [file] = this.file.files;
        this.file.value = '';
        if (file) this.readFile(file);
    }

    open() {
        if (!this.element.open) this.element.showModal();
    }
}

/* What the keys do. */
export function keysDialog() {
    const rows = [
        ['j \u2193', 'move'],
        ['k \u2191', 'move'],
        ['Enter', 'open'],
        ['Escape', 'close'],
        ['a', 'ack'],
        ['n', 'note'],
        ['/', 'filter'],
        [`1 \u2026 ${number(5)}`, 'views'],
        ['?', 'help'],
    ];
    const dialog = el(
        'dialog',
        {'aria-labelledby': 'keys-title'},
        el('h2', {id: 'keys-title'}, t('keys.title')),
        el(
            'dl',
            {class: 'keys'},
            rows.map(([key, what]) => [
                el(
                    'dt',
                    {},
                    key.split(' ').map((k) => el('kbd', {}, k)),
                ),
                el('dd', {}, t(`keys.${what}`)),
            ]),
        ),
        el('button', {type: 'button', onclick: () => dialog.close()}, t('source.close')),
    );
    return dialog;
}

/* The page: which view is shown, what the keys do, where alerts come from. */

import {Detail} from './detail.js';
import {Discovered} from './discovered.js';
import {el, fill} from './dom.js';
import {inSlices, readLines} from './file.js';
import {Gateways} from './gateways.js';
import {Inbox} from './inbox.js';
import {Keep} from './keep.js';
import {Link} from './link.js';
import {Memory} from './memory.js';
import {longestMessage} from './alert.js';
import {keysDialog, Source, usualAddress} from './source.js';
import {Store} from './store.js';
import {Systems} from './systems.js';
import {visible} from './text.js';
import {Time} from './time.js';
import {languageTag, number, setLanguage, t} from './words.js';

const paintEvery = 100; /* ms between two paintings while messages come */
const sayEvery = 5000; /* ms between two announcements to a screen reader */
const themes = ['auto', 'light', 'dark'];
const viewNames = ['inbox', 'systems', 'discovered', 'gateways', 'time'];

class App {
    constructor() {
        this.memory = new Memory();
        this.store = new Store();
        this.keep = new Keep();
        this.store.onLetGo = (id) => this.keep.remove(id);
        this.link = new Link({
            message: (levels, raw) => this.message(levels, raw),
            state: (name, detail) => this.linkState(name, detail),
            denied: (filters) => {
                this.store.denied = filters;
                this.paint(true);
            },
        });
        this.state = ['idle', ''];
        this.lastSaid = 0;
        const {language} = this.memory.settings;
        setLanguage(language || (navigator.language.startsWith('zh') ? 'zh' : 'en'));
        this.setTheme(this.memory.settings.theme);
        this.build();
        addEventListener('hashchange', () => this.route());
        addEventListener('keydown', (e) => this.key(e));
        addEventListener('dragover', (e) => e.preventDefault());
        addEventListener('drop', (e) => this.drop(e));
        addEventListener('pagehide', () => this.keep.write());
        setInterval(() => this.tick(), 1000);
        this.route();
    }

    /* Everything on the page; again when the language changes. */
    build() {
        document.documentElement.lang = languageTag();
        const filter = this.inbox?.filter;
        this.inbox = new Inbox({
            store: this.store,
            memory: this.memory,
            goTime: () => this.go('time'),
            open: (record) => this.go(`alert/${encodeURIComponent(record.id)}`),
        });
        this.inbox.onMoved = (record) => this.follow(record);
        if (filter) this.inbox.narrow(filter);
        this.detail = new Detail({
            store: this.store,
            memory: this.memory,
            close: () => this.closeDetail(),
            changed: () => this.paint(),
        });
        const show = (text) => this.showOnly(text);
        this.views = new Map([
            ['inbox', this.inbox],
            ['systems', new Systems({store: this.store, show})],
            ['discovered', new Discovered({store: this.store, show})],
            ['gateways', new Gateways({store: this.store})],
            [
                'time',
                new Time({
                    store: this.store,
                    filter: () => this.inbox.filter,
                    inbox: () => this.go('inbox'),
                    chosen: (from, to) => this.inbox.narrow({from, to}),
                }),
            ],
        ]);
        this.source = new Source({
            memory: this.memory,
            connect: (s) => this.connect(s),
            disconnect: () => this.disconnect(),
            readFile: (f) => this.readFile(f),
            forget: () => this.forget(),
        });
        this.help = keysDialog();
        this.said = el('p', {class: 'unseen', 'aria-live': 'polite'});
        this.main = el(
            'main',
            {id: 'main', tabindex: '-1'},
            [...this.views.values()].map((v) => v.element),
            this.detail.element,
        );
        fill(
            document.body,
            el(
                'a',
                {
                    class: 'skip',
                    href: '#main',
                    onclick: (e) => {
                        e.preventDefault();
                        this.main.focus();
                    },
                },
                t('app.skip'),
            ),
            this.top(),
            this.main,
            this.source.element,
            this.help,
            this.said,
        );
    }

    top() {
        this.linkButton = el('button', {
            type: 'button',
            class: 'link',
            onclick: () => this.source.open(),
        });
        this.tabs = new Map(
            viewNames.map((name) => [
                name,
                el('a', {href: `#/${name}`}, t(`view.${name}`), el('b')),
            ]),
        );
        const theme = () => t('top.theme', {theme: t(`theme.${this.memory.settings.theme}`)});
        const themeButton = el(
            'button',
            {
                type: 'button',
                class: 'small theme-button',
                onclick: () => {
                    this.setTheme(
                        themes[(themes.indexOf(this.memory.settings.theme) + 1) % themes.length],
                    );
                    themeButton.textContent = theme();
                },
            },
            theme(),
        );
        return el(
            'header',
            {class: 'top'},
            el('h1', {}, 'tierwatch'),
            el('nav', {}, [...this.tabs.values()]),
            this.linkButton,
            el(
                'button',
                {
                    type: 'button',
                    class: 'small',
                    lang: languageTag() === 'en' ? 'zh-CN' : 'en',
                    onclick: () => this.switchLanguage(),
                },
                t('top.language'),
            ),
            themeButton,
            el(
                'button',
                {type: 'button', class: 'small keys-button', onclick: () => this.help.showModal()},
                t('top.keys'),
            ),
        );
    }

    setTheme(theme) {
        const known = themes.includes(theme) ? theme : 'auto';
        document.documentElement.dataset.theme = known;
        this.memory.set('theme', known);
    }

    switchLanguage() {
        const next = languageTag() === 'en' ? 'zh' : 'en';
        this.memory.set('language', next);
        setLanguage(next);
        this.build();
        this.route();
    }

    go(path) {
        location.hash = `#/${path}`;
    }

    route() {
        const [, name, id] = /^#\/(\w+)(?:\/(.*))?$/.exec(location.hash) ?? [];
        let alert = null;
        try {
            alert = name === 'alert' ? decodeURIComponent(id ?? '') : null;
        } catch {
            /* a link that is none */
        }
        this.view = this.views.has(name) ? name : 'inbox';
        for (const [key, view] of this.views) view.element.hidden = key !== this.view;
        this.main.classList.toggle('with-detail', alert !== null);
        for (const [key, tab] of this.tabs) tab.toggleAttribute('aria-current', key === this.view);
        const before = this.detail.id;
        if (alert !== null) this.inbox.list.point(alert);
        this.detail.show(alert);
        if (alert !== null && alert !== before && !this.following) this.detail.focus();
        this.following = false;
        this.paint(true);
    }

    /* All alerts of one actor, whatever else was filtered before. */
    showOnly(text) {
        this.inbox.clear();
        this.inbox.search.value = text;
        this.inbox.narrow({text, show: 'all'});
        this.go('inbox');
    }

    /* j and k move through the list; an alert that is open beside it follows. */
    follow(record) {
        if (
            this.detail.id === null ||
            this.detail.id === record.id ||
            getComputedStyle(this.inbox.element).display === 'none'
        )
            return;
        this.following = true;
        history.replaceState(null, '', `#/alert/${encodeURIComponent(record.id)}`);
        this.route();
    }

    closeDetail() {
        this.go('inbox');
        this.route();
        this.inbox.list.go(Math.max(this.inbox.list.at, 0));
    }

    paint(force = false) {
        this.views.get(this.view).render(force);
        this.detail.render();
        let open = 0;
        for (const record of this.store.alerts.values())
            open += record.severity >= 3 && !this.memory.isDone(record.id) ? 1 : 0;
        const offline = [...this.store.gateways.values()].filter(
            (g) => g.state === 'offline',
        ).length;
        for (const [name, n] of [
            ['inbox', open],
            ['discovered', this.store.discovered.size],
            ['gateways', offline],
        ])
            this.tabs.get(name).querySelector('b').textContent = n > 0 ? number(n) : '';
        document.title = open > 0 ? `(${number(open)}) tierwatch` : 'tierwatch';
        const [name, detail] = this.state;
        this.linkButton.className = `link ${name}`;
        fill(
            this.linkButton,
            el('i', {'aria-hidden': 'true'}),
            el('span', {}, t(`link.${name}`)),
            el('small', {}, visible(detail, 80)),
        );
    }

    /* The first message of a quiet time is painted at once. */
    soon() {
        if (this.timer !== undefined) return;
        this.timer = setTimeout(
            () => {
                this.timer = undefined;
                this.paint();
            },
            Math.max(0, paintEvery - (performance.now() - (this.painted ?? 0))),
        );
        this.painted = performance.now();
    }

    tick() {
        if (document.hidden) return;
        this.views.get(this.view).tick?.();
        this.paint();
    }

    message(levels, raw) {
        const record = this.store.takeMessage(levels, raw, Date.now());
        if (record !== null) this.keep.put(record.id, record.gateway, raw);
        if (record !== null && record.severity >= 3) this.announce(record);
        this.soon();
    }

    announce(record) {
        if (Date.now() - this.lastSaid < sayEvery) return;
        this.lastSaid = Date.now();
        this.said.textContent = t('say.alert', {
            severity: t(`severity.${record.severity}`),
            summary: visible(record.summary, 200),
        });
    }

    linkState(name, detail) {
        this.state = [
            name,
            name === 'refused' ? '' : detail.replace(/^wss?:\/\//, '').replace(/\/.*$/, ''),
        ];
        if (name === 'refused') {
            this.source.say(t('link.error', {error: detail}), true);
            this.source.open();
        } else if (name === 'online') {
            this.source.say('');
            this.source.element.close();
            if (this.settings?.keep && this.keep.source === null) this.restore(this.settings);
        }
        this.paint();
    }

    connect(settings) {
        this.disconnect();
        this.store.clear();
        this.settings = settings;
        this.link.open(settings);
    }

    disconnect() {
        this.link.close();
        this.keep.end();
        this.settings = null;
        /* A file that is still being read is not what is wanted any more. */
        this.turn = {};
    }

    /* The broker has let us in: what it told us before is ours to see. */
    async restore({url, user, root}) {
        const {turn} = this,
            entries = await this.keep.begin(`${url} ${user} ${root}`);
        await inSlices(entries, ({raw, gateway, heard}) => {
            if (this.turn === turn) this.store.takeAlert(raw, gateway, heard, true);
        });
        this.paint(true);
    }

    async readFile(file) {
        this.disconnect();
        this.store.clear();
        const {name} = file,
            turn = this.turn;
        try {
            const lines = await readLines(
                file,
                longestMessage,
                (line) => {
                    if (this.turn === turn) this.store.takeAlert(line, null, Date.now());
                },
                (n) => {
                    if (this.turn !== turn) return false;
                    this.source.say(t('source.reading', {name, n: number(n)}));
                    this.soon();
                    return true;
                },
            );
            if (this.turn !== turn) return;
            const {odd} = this.store.counts;
            this.source.say(
                t('source.read', {
                    name,
                    n: number(lines),
                    alerts: number(this.store.alerts.size),
                    odd: number(odd),
                }),
            );
            this.state = ['file', name];
            if (this.store.alerts.size > 0) this.source.element.close();
            else this.source.open();
        } catch (error) {
            if (this.turn !== turn) return;
            this.source.say(t('source.failed', {name, error: error.message}), true);
            this.source.open();
        }
        this.paint(true);
    }

    drop(event) {
        event.preventDefault();
        const [file] = event.dataTransfer.files;
        if (file) this.readFile(file);
    }

    forget() {
        this.memory.forget();
        this.keep.forget();
        this.paint(true);
    }

    key(event) {
        const typing = event.target.closest?.('input, textarea, select');
        if (
            event.ctrlKey ||
            event.metaKey ||
            event.altKey ||
            document.querySelector('dialog[open]')
        )
            return;
        if (event.key === 'Escape') this.escape(typing);
        else if (typing || !this.act(event)) return;
        event.preventDefault();
    }

    escape(typing) {
        if (typing) {
            typing.blur();
            if (this.detail.id === null) this.inbox.list.element.focus();
        } else if (this.detail.id !== null) {
            this.closeDetail();
        }
    }

    /* Whether the key meant something here. */
    act({key, target}) {
        const list = this.inbox.list;
        const inInbox = this.view === 'inbox';
        const inList = inInbox && (list.element.contains(target) || target === document.body);
        const page = Math.max(1, Math.floor(list.element.clientHeight / (list.height || 1)) - 1);
        const moves = {j: 1, k: -1};
        const inListMoves = {
            ArrowDown: 1,
            ArrowUp: -1,
            PageDown: page,
            PageUp: -page,
            Home: -Infinity,
            End: Infinity,
        };
        if (inInbox && key in moves) list.move(moves[key]);
        else if (inList && key in inListMoves) list.move(inListMoves[key]);
        else if (inList && key === 'Enter' && list.item()) list.open(list.item());
        else if (key === 'a') this.acknowledge();
        else if (key === 'n' && this.detail.id !== null) this.detail.note?.focus();
        else if (key === '/') this.toSearch();
        else if (key === '?') this.help.showModal();
        else if (key >= '1' && key <= String(viewNames.length)) this.go(viewNames[key - 1]);
        else return false;
        return true;
    }

    acknowledge() {
        if (this.detail.id !== null) this.detail.acknowledge();
        else if (this.view === 'inbox' && this.inbox.list.item())
            this.inbox.acknowledge(this.inbox.list.item());
    }

    toSearch() {
        if (this.view !== 'inbox') this.go('inbox');
        this.route();
        this.inbox.search.focus();
    }

    start() {
        const {url, user, root, keep} = this.memory.settings;
        /* Whoever opens the page of a broker wants that broker; a file must be told where to look. */
        if (location.protocol === 'file:' && !url) this.source.open();
        else this.connect({url: url || usualAddress(location), user, password: '', root, keep});
    }
}

new App().start();

/* Elements without markup: text goes in as text, whatever it says. */

import {t} from './words.js';

const svgNames = new Set([
    'svg',
    'path',
    'circle',
    'polyline',
    'line',
    'rect',
    'text',
    'title',
    'g',
]);

function set(element, key, value) {
    if (value === undefined || value === null || value === false) return;
    if (key.startsWith('on')) element.addEventListener(key.slice(2), value);
    else if (key === 'style')
        /* through the object model, which the content policy lets pass */
        Object.entries(value).forEach(([name, v]) => element.style.setProperty(name, v));
    else if (key === 'value' || key === 'checked') element[key] = value;
    else element.setAttribute(key, value === true ? '' : String(value));
}

/* el('p', {class: 'note'}, 'text', el('b', {}, 'more')): children are text, elements or lists. */
export function el(name, properties = {}, ...children) {
    const element =
        svgNames.has(name) && name !== 'title'
            ? document.createElementNS('http://www.w3.org/2000/svg', name)
            : document.createElement(name);
    element.append(
        ...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false),
    );
    Object.entries(properties).forEach(([key, value]) => set(element, key, value));
    return element;
}

export function fill(element, ...children) {
    element.replaceChildren(
        ...children.flat(Infinity).filter((c) => c !== null && c !== undefined && c !== false),
    );
}

const shapes = {
    4: 'M6 1h8l5 5v8l-5 5H6l-5-5V6z M9 5v6h2V5z M9 13v2h2v-2z',
    3: 'M10 1l9.5 17H.5z M9 7v5h2V7z M9 14v2h2v-2z',
    2: 'M10 1l9 9-9 9-9-9z',
    1: 'M10 3a7 7 0 100 14 7 7 0 000-14z',
    0: 'M10 3a7 7 0 100 14 7 7 0 000-14z M10 6a4 4 0 110 8 4 4 0 010-8z',
};

/* Severity by shape, word and colour, so that none is needed to tell it. */
export function severityMark(severity) {
    return el(
        'span',
        {class: `severity s${severity}`},
        el(
            'svg',
            {viewBox: '0 0 20 20', 'aria-hidden': 'true'},
            el('path', {d: shapes[severity], 'fill-rule': 'evenodd'}),
        ),
        el('span', {}, t(`severity.${severity}`)),
    );
}

export function tierMark(tier) {
    const name = t(`tier.${tier}`);
    return el(
        'span',
        {class: `tier t-${tier}`, title: name},
        tier === 'none' ? '\u2013' : tier,
        el('span', {class: 'unseen'}, ` ${name}`),
    );
}

/* A button that copies what `text()` gives, and says so. */
export function copyButton(text, label = t('copy')) {
    const button = el(
        'button',
        {
            type: 'button',
            class: 'small',
            onclick: async () => {
                try {
                    await navigator.clipboard.writeText(text());
                } catch {
                    /* no clipboard without TLS, or for a file: then as it was always done */
                    const area = el('textarea', {class: 'unseen', 'aria-hidden': 'true'}, text());
                    document.body.append(area);
                    area.select();
                    document.execCommand('copy');
                    area.remove();
                }
                button.textContent = t('copied');
                setTimeout(() => {
                    button.textContent = label;
                }, 1500);
            },
        },
        label,
    );
    return button;
}

/* Rows of a description list; those without a value are left out. */
export function facts(rows) {
    return el(
        'dl',
        {class: 'facts'},
        rows
            .filter(([, value]) => value !== '' && value !== null && value !== undefined)
            .map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
    );
}

/* A list of any length as a grid of which only what can be seen exists. Rows have one height; a row
 * element is used again for another item when it leaves the view. The item with the focus is known
 * by its id, so that arrivals above it move it and do not change it. */

import {el} from './dom.js';

const spare = 6; /* rows above and below what is seen */

export class List {
    /* make(): an empty row; paint(row, item); open(item); moved(item): the current item changed. */
    constructor({label, make, paint, open, moved}) {
        Object.assign(this, {make, paint, open, moved});
        this.items = [];
        this.current = null;
        this.rows = new Map(); /* index -> row */
        this.spacer = el('div', {class: 'spacer', role: 'presentation'});
        this.element = el(
            'div',
            {
                class: 'list',
                role: 'grid',
                'aria-label': label,
                tabindex: '0',
                onscroll: () => this.draw(),
                onclick: (e) => this.click(e),
                onfocusin: (e) => this.focused(e),
            },
            this.spacer,
        );
        new ResizeObserver(() => this.measure()).observe(this.element);
    }

    measure() {
        const probe = this.make();
        probe.classList.add('row');
        this.spacer.append(probe);
        this.height = Math.max(probe.offsetHeight, 20);
        probe.remove();
        this.draw(true);
    }

    /* The focus stays with its item, and whoever scrolled down goes on reading what was there. */
    setItems(items) {
        const hadFocus = document.activeElement?.parentElement === this.spacer;
        const moved = this.element.scrollTop > 0 ? this.shift(items) : 0;
        this.items = items;
        this.element.setAttribute('aria-rowcount', items.length);
        /* An id is looked for once per change, not once per row. */
        this.at = this.current === null ? -1 : items.findIndex((i) => i.id === this.current);
        this.spacer.style.setProperty('height', `${items.length * this.height}px`);
        if (moved !== 0) this.element.scrollTop += moved * this.height;
        this.draw(true);
        if (hadFocus) this.rows.get(this.at)?.focus({preventScroll: true});
    }

    /* By how many rows most of what is seen will move. */
    shift(items) {
        const index = new Map(items.map((item, i) => [item.id, i]));
        const moves = [...this.rows.keys()]
            .map((at) => index.get(this.items[at]?.id) - at)
            .filter(Number.isFinite)
            .sort((a, b) => a - b);
        return moves[Math.floor(moves.length / 2)] ?? 0;
    }

    /* Make the item `id` the current one, without focus. */
    point(id) {
        if (this.current === id) return;
        this.current = id;
        this.setItems(this.items);
    }

    draw(repaint = false) {
        if (this.height === undefined || this.element.offsetParent === null) return;
        const top = this.element.scrollTop;
        const first = Math.max(0, Math.floor(top / this.height) - spare);
        const last = Math.min(
            this.items.length,
            Math.ceil((top + this.element.clientHeight) / this.height) + spare,
        );
        this.spacer.style.setProperty('height', `${this.items.length * this.height}px`);
        const free = [];
        for (const [index, row] of this.rows) {
            if (index < first || index >= last) {
                free.push(row);
                this.rows.delete(index);
            }
        }
        for (let index = first; index < last; index++) {
            let row = this.rows.get(index);
            if (row !== undefined && !repaint) continue;
            row ??= free.pop() ?? this.newRow();
            this.rows.set(index, row);
            this.paintRow(row, index);
        }
        free.forEach((row) => row.remove());
    }

    newRow() {
        const row = this.make();
        row.classList.add('row');
        row.setAttribute('role', 'row');
        this.spacer.append(row);
        return row;
    }

    paintRow(row, index) {
        row.style.setProperty('transform', `translateY(${index * this.height}px)`);
        row.setAttribute('aria-rowindex', index + 1);
        row.dataset.index = index;
        this.mark(row, index === this.at);
        this.paint(row, this.items[index]);
    }

    mark(row, isCurrent) {
        row.classList.toggle('current', isCurrent);
        row.setAttribute('aria-selected', isCurrent);
        row.tabIndex = isCurrent ? 0 : -1;
    }

    click(event) {
        const row = event.target.closest('.row');
        if (row === null) return;
        this.go(Number(row.dataset.index));
        this.open(this.items[this.at]);
    }

    /* Tab into the list lands on the current row; back from there it leaves. */
    focused(event) {
        const isFromRow = this.element.contains(event.relatedTarget);
        if (event.target === this.element && !isFromRow && this.items.length > 0)
            this.go(Math.max(this.at, 0));
    }

    /* To the item at `index`, which gets the focus. */
    go(index) {
        if (this.items.length === 0) return;
        const before = this.rows.get(this.at);
        if (before !== undefined) this.mark(before, false);
        this.at = Math.min(Math.max(index, 0), this.items.length - 1);
        this.current = this.items[this.at].id;
        const top = this.at * this.height;
        const view = this.element;
        if (top < view.scrollTop) view.scrollTop = top;
        else if (top + this.height > view.scrollTop + view.clientHeight)
            view.scrollTop = top + this.height - view.clientHeight;
        this.draw();
        const row = this.rows.get(this.at);
        if (row !== undefined) {
            this.mark(row, true);
            row.focus({preventScroll: true});
        }
        this.moved(this.items[this.at]);
    }

    move(by) {
        this.go(this.at < 0 ? 0 : this.at + by);
    }

    item() {
        return this.at < 0 ? null : this.items[this.at];
    }
}

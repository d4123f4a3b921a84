/* What the browser keeps: acknowledgements and notes by alert id, and settings. Passwords never.
 * Where storage is refused (private windows, policies) the page works and forgets. */

const prefix = 'tierwatch.';
const mostNotes = 5000;
const nothing = Object.freeze({ack: 0, note: ''});

function load(key, otherwise) {
    try {
        return JSON.parse(localStorage.getItem(prefix + key)) ?? otherwise;
    } catch {
        return otherwise;
    }
}

function save(key, value) {
    try {
        localStorage.setItem(prefix + key, JSON.stringify(value));
    } catch {
        /* full or refused */
    }
}

export class Memory {
    constructor() {
        this.settings = {
            language: '',
            theme: 'auto',
            url: '',
            user: '',
            root: 'tierwatch/1',
            keep: true,
            ...Object(load('settings', {})),
        };
        const kept = load('notes', []);
        /* id -> {ack: time or 0, note} */
        this.notes = new Map(Array.isArray(kept) ? kept.filter(Array.isArray) : []);
        this.change = 0;
    }

    set(key, value) {
        this.settings[key] = value;
        save('settings', this.settings);
    }

    isDone(id) {
        return (this.notes.get(id)?.ack ?? 0) > 0;
    }

    noteOf(id) {
        return this.notes.get(id) ?? nothing;
    }

    write(id, part) {
        const entry = {...this.noteOf(id), ...part};
        this.notes.delete(id);
        if (entry.ack > 0 || entry.note !== '') this.notes.set(id, entry);
        if (this.notes.size > mostNotes) this.notes.delete(this.notes.keys().next().value);
        this.change++;
        save('notes', [...this.notes]);
    }

    forget() {
        this.notes.clear();
        this.change++;
        for (const key of ['settings', 'notes']) {
            try {
                localStorage.removeItem(prefix + key);
            } catch {
                /* nothing was kept */
            }
        }
    }
}

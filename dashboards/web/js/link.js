/* The connection to the broker. MQTT 5, or 3.1.1 where a broker knows no 5. The session outlives a
 * lost connection, so that what is published meanwhile comes after it; QoS 1 may bring a message
 * twice, which its id tells. */

/* global mqtt */

const filters = ['alert/#', 'state', 'stats', 'risk/+', 'discovered/+', 'gap'];
const sessionSeconds = 3600;
const wrongVersion = new Set([1, 0x84]); /* [MQTT3 3.2.2.3], [MQTT5 3.2.2.2] */

const askFor = 150; /* ms */

const stored = {
    key: 'tierwatch.client',
    get() {
        try {
            return sessionStorage.getItem(this.key);
        } catch {
            return null;
        }
    },
    set(id) {
        try {
            sessionStorage.setItem(this.key, id);
        } catch {
            /* then the next load is another client */
        }
        return id;
    },
};

function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    const hex = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
    return stored.set(`tierwatch-page-${hex}`);
}

/* One client id for a tab, also when it is loaded again: its session waits for it. A tab that was opened from
 * another begins with a copy of that one's storage; so whoever has an id from there asks whether it is in use. */
async function clientId() {
    const channel = new BroadcastChannel('tierwatch-client');
    let id = stored.get();
    if (id !== null) {
        const isTaken = await new Promise((done) => {
            channel.onmessage = ({data}) => data.taken === id && done(true);
            channel.postMessage({asked: id});
            setTimeout(() => done(false), askFor);
        });
        if (isTaken) id = null;
    }
    id ??= newId();
    channel.onmessage = ({data}) => data.asked === id && channel.postMessage({taken: id});
    return id;
}

export class Link {
    /* message(levels, text), state(name, detail): idle connecting online waiting refused;
     * denied(filters): what the broker does not let us see. */
    constructor({message, state, denied}) {
        Object.assign(this, {message, state, denied});
        this.client = null;
        this.opening = 0;
    }

    /* settings: {url, user, password, root} */
    async open(settings, version = 5) {
        this.close();
        this.state('connecting', settings.url);
        const opening = this.opening;
        this.id ??= clientId();
        const id = await this.id;
        if (opening === this.opening) this.connect(settings, version, id);
    }

    connect(settings, version, id) {
        const root = settings.root.replace(/\/+$/, '');
        let client;
        try {
            client = mqtt.connect(settings.url, {
                protocolVersion: version,
                clientId: id,
                clean: false,
                keepalive: 30,
                reconnectPeriod: 1000,
                connectTimeout: 10000,
                timerVariant: 'native',
                resubscribe: false,
                username: settings.user || undefined,
                password: settings.password || undefined,
                properties: version === 5 ? {sessionExpiryInterval: sessionSeconds} : undefined,
            });
        } catch (error) {
            this.state('refused', error.message);
            return;
        }
        this.client = client;
        const current = () => this.client === client;
        client.on('connect', () => current() && this.subscribe(client, root, settings.url));
        client.on('message', (topic, payload) => {
            if (current())
                this.message(
                    topic.slice(root.length + 1).split('/'),
                    new TextDecoder().decode(payload),
                );
        });
        client.on('close', () => current() && this.state('waiting', settings.url));
        client.on('error', (error) => current() && this.failed(error, settings, version));
    }

    subscribe(client, root, url) {
        this.state('online', url);
        const wanted = filters.map((f) => `${root}/+/+/${f}`);
        client.subscribe(wanted, {qos: 1}, (error, _, answer) => {
            const denied = wanted.filter((_, i) => answer?.granted?.[i] >= 0x80);
            if (this.client === client) this.denied(denied);
        });
    }

    /* A broker that answers no is not asked again every second. */
    failed(error, settings, version) {
        if (error.code === undefined || typeof error.code !== 'number') return;
        if (version === 5 && wrongVersion.has(error.code)) {
            this.open(settings, 4);
            return;
        }
        this.close();
        this.state('refused', error.message);
    }

    close() {
        this.opening++;
        const client = this.client;
        this.client = null;
        client?.end(true);
        this.state('idle', '');
    }
}

/* The connection to the broker. MQTT 5, or 3.1.1 where a broker knows no 5. The session outlives a
 * lost connection, so that what is published meanwhile comes after it; QoS 1 may bring a message
 * twice, which its id tells. */

/* global mqtt */

const filters = ['alert/#', 'state', 'stats', 'risk/+', 'discovered/+', 'gap'];
const sessionSeconds = 3600;
const takenOver = 0x8e; /* [MQTT5 3.14.2.1] */
const wrongVersion = new Set([1, 0x84]); /* [MQTT3 3.2.2.3], [MQTT5 3.2.2.2] */

/* One client id for a tab, also when it is loaded again: its session waits for it. */
function clientId(renew) {
    const key = 'tierwatch.client';
    const bytes = crypto.getRandomValues(new Uint8Array(8));
    const made = `tierwatch-page-${[...bytes].map((b) => b.toString(16).padStart(2, '0')).join('')}`;
    try {
        const id = renew ? made : (sessionStorage.getItem(key) ?? made);
        sessionStorage.setItem(key, id);
        return id;
    } catch {
        return made;
    }
}

export class Link {
    /* message(levels, text), state(name, detail): idle connecting online waiting refused. */
    constructor({message, state}) {
        Object.assign(this, {message, state});
        this.client = null;
    }

    /* settings: {url, user, password, root} */
    open(settings, version = 5, renew = false) {
        this.close();
        this.state('connecting', settings.url);
        const root = settings.root.replace(/\/+$/, '');
        let client;
        try {
            client = mqtt.connect(settings.url, {
                protocolVersion: version,
                clientId: clientId(renew),
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
        client.on('disconnect', (packet) => {
            if (current() && packet.reasonCode === takenOver) this.open(settings, version, true);
        });
        client.on('error', (error) => current() && this.failed(error, settings, version));
    }

    subscribe(client, root, url) {
        this.state('online', url);
        const wanted = filters.map((f) => `${root}/+/+/${f}`);
        client.subscribe(wanted, {qos: 1}, (error, granted = []) => {
            for (const {topic, qos} of error ? [] : granted) {
                if (qos >= 0x80 && this.client === client) this.state('denied', topic);
            }
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
        const client = this.client;
        this.client = null;
        client?.end(true);
        this.state('idle', '');
    }
}

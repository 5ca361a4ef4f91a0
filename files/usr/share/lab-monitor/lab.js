/** What the numbers say about each machine. */

/** Rows of readLive() as the state of a lab. */
export function stateOfLab(site, rows) {
    // A machine without power shows within 10 s: its newest sample may be one scrape and two seconds old.
    const oldest = site.scrapeSeconds + 2;
    const targets = rows.up.map(({ labels, value }) => {
        const age = rows.age.find(({ labels: other }) => other.machine === labels.machine && other.job === labels.job);
        return { ...labels, isUp: value === 1 && age !== undefined && age.value <= oldest };
    });
    const of = (name, machine) => rows[name].find(({ labels }) => labels.machine === machine)?.value;
    const now = rows.now[0]?.value ?? 0;
    const machines = site.machines.map((machine) => stateOfMachine(machine, { targets, of, now }));
    const holders = machines.filter(({ holdsAddress }) => holdsAddress);
    const inRotation = new Map(
        rows.appServerUp
            .filter(({ labels }) => holders.length === 0 || holders.some(({ name }) => name === labels.machine))
            .map(({ labels, value }) => [labels.app_server, value === 1]),
    );
    return {
        machines,
        holders,
        inRotation,
        requests: sum(machines.map(({ requests }) => requests)),
        isBlind: targets.length > 0 && targets.every(({ isUp }) => !isUp),
    };
}

const sum = (values) => {
    const known = values.filter((value) => value !== undefined);
    return known.length === 0 ? undefined : known.reduce((total, value) => total + value, 0);
};

/** Exporters that answer while their service does not: what each of them says about the service. */
const servicesByName = { httpdUp: "httpd", directorUp: "director", memcachedUp: "memcached", databaseUp: "database" };

function stateOfMachine(machine, { targets, of, now }) {
    const own = targets.filter(({ machine: name }) => name === machine.name);
    const value = (name) => of(name, machine.name);
    const services = new Map(
        own.filter(({ job }) => !["machine", "site"].includes(job)).map(({ job, isUp }) => [job, isUp]),
    );
    for (const [name, service] of Object.entries(servicesByName)) {
        const isUp = value(name);
        if (isUp !== undefined) services.set(service, isUp === 1 && services.get(service) !== false);
    }
    const answers = own.some(({ isUp }) => isUp);
    const failing = [...services].filter(([, isUp]) => !isUp).map(([service]) => service);
    const numbers = Object.fromEntries(
        [
            "cpu",
            "memory",
            "disk",
            "sessions",
            "withoutCopy",
            "requests",
            "failures",
            "items",
            "commands",
            "queries",
        ].map((name) => [name, answers ? value(name) : undefined]),
    );
    return {
        ...machine,
        ...numbers,
        state: own.length === 0 ? "unknown" : !answers ? "down" : failing.length > 0 ? "warning" : "up",
        failing,
        services: [...services].sort().map(([service, isUp]) => ({ service, isUp: isUp && answers })),
        holdsAddress: answers && value("holds") === 1,
        movedAgo: value("moved") > 0 ? now - value("moved") : undefined,
    };
}

/** The state of one role of a machine: a machine can be up while one of its services is down. */
export function stateOfRole(machine, service) {
    if (machine.state === "down" || machine.state === "unknown") return machine.state;
    return machine.services.some((own) => own.service === service && !own.isUp) ? "warning" : "up";
}
